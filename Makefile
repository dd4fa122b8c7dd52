# `make` alone says what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

# Builds are kept outside the clone, so that every clone shares them.
export DESKTOP_CONTROL_CACHE ?= $(HOME)/.cache/desktop-control
export CARGO_TARGET_DIR ?= $(DESKTOP_CONTROL_CACHE)/target
export PATH := $(PATH):$(HOME)/.cargo/bin

PREFIX ?= /usr
BIN ?= $(CARGO_TARGET_DIR)/release
# Some images rewrite what every launcher under /usr/share/applications starts; menus look here too.
LAUNCHERS ?= /usr/local/share/applications

images := data/image
app := io.github.desktop_control.DesktopControl
icons := $(PREFIX)/share/icons/hicolor
programs := desktop-controld desktopctl desktop-control desktop-control-tray
# A recipe dies with make, also when make is killed.
tied := setpriv --pdeathsig KILL
shells = $(shell grep -rlE '^#!/bin/bash|^\# shellcheck shell=bash' $(images) tests benches .ci 2>/dev/null)

.PHONY: help
help: ## what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 20

# Cargo tells sources apart by their times alone: clones that share the cache would run each other's
# programs. So the clone that comes next forgets ours, and keeps the libraries, which are most of it.
.PHONY: claim
claim:
	@clone=$$(cat "$(CARGO_TARGET_DIR)/clone" 2>/dev/null || true); \
	if [[ -d "$(CARGO_TARGET_DIR)" && $$clone != "$(CURDIR)" ]] && type -P cargo >/dev/null; then \
		for folder in "$(CARGO_TARGET_DIR)" "$(CARGO_TARGET_DIR)/without-window"; do \
			CARGO_TARGET_DIR=$$folder cargo clean --quiet --package desktop-control; \
			CARGO_TARGET_DIR=$$folder cargo clean --quiet --release --package desktop-control; \
		done; \
	fi
	@mkdir -p "$(CARGO_TARGET_DIR)"
	@echo "$(CURDIR)" >"$(CARGO_TARGET_DIR)/clone"

.PHONY: run
run: claim ## boot the streamed desktop on this machine, print its addresses, stop with Ctrl-C
	@exec $(tied) $(images)/run $(ARGS)

.PHONY: shell
shell: ## a root shell inside the desktop that `make run` booted
	@exec $(images)/shell $(ARGS)

.PHONY: build
build: claim ## the four programs
	@$(images)/install build
	data/deb/programs

.PHONY: test
test: claim ## install what the tests need and run all of them
	@$(images)/install base x-server desktop openbox audio selkies vnc novnc window build test browser-driver vnc-viewer
	@exec $(tied) tests/run $(ARGS)

.PHONY: image-test
image-test: claim ## build the image with buildah, boot it, look at it; minutes and gigabytes
	@$(images)/install build image-test test browser-driver
	@exec $(tied) tests/image/run $(ARGS)

.PHONY: package
package: build ## Desktop Control as a Debian package, into DESTDIR or the build cache
	@data/deb/build "$(BIN)" "$(or $(DESTDIR),$(CARGO_TARGET_DIR)/package)"

.PHONY: bench
bench: claim ## measure against the budgets
	@$(images)/install base x-server openbox audio selkies vnc novnc window build test browser-driver
	@exec $(tied) benches/run $(ARGS)

.PHONY: fmt
fmt: ## format the sources
	cargo fmt --all

.PHONY: lint
lint: ## formatting, clippy, shellcheck
	cargo fmt --all --check
	cargo clippy --locked --all-targets --package desktop-control --package libcuda-stand-in --package nvml-stand-in -- -D warnings
	shellcheck -x -P . $(shells)

.PHONY: clean
clean: ## forget the built programs
	rm -rf -- "$(CARGO_TARGET_DIR)"

.PHONY: install
install: ## our own files into DESTDIR, programs from BIN
	for program in $(programs); do install -D -m 0755 "$(BIN)/$$program" "$(DESTDIR)$(PREFIX)/bin/$$program"; done
	install -D -m 0644 data/dbus/io.github.desktop_control.Control1.conf \
		"$(DESTDIR)/etc/dbus-1/system.d/io.github.desktop_control.Control1.conf"
	install -D -m 0644 data/polkit/io.github.desktop_control.policy \
		"$(DESTDIR)$(PREFIX)/share/polkit-1/actions/io.github.desktop_control.policy"
	install -D -m 0644 data/polkit/10-desktop-control.rules \
		"$(DESTDIR)/etc/polkit-1/rules.d/10-desktop-control.rules"
	install -d "$(DESTDIR)$(PREFIX)/share/desktop-control/services.d"
	install -m 0644 data/services.d/*.toml "$(DESTDIR)$(PREFIX)/share/desktop-control/services.d/"
	install -D -m 0644 -t "$(DESTDIR)$(LAUNCHERS)" data/applications/*.desktop
	install -D -m 0644 -t "$(DESTDIR)/etc/xdg/autostart" data/autostart/*.desktop
	install -D -m 0644 -t "$(DESTDIR)$(PREFIX)/share/dbus-1/services" data/dbus-session/*.service
	sed -i 's|^Exec=/usr/bin/|Exec=$(PREFIX)/bin/|' "$(DESTDIR)$(PREFIX)"/share/dbus-1/services/$(app).service
	install -D -m 0644 -t "$(DESTDIR)$(PREFIX)/share/metainfo" data/metainfo/*.xml
	for kind in scalable symbolic; do install -D -m 0644 -t "$(DESTDIR)$(icons)/$$kind/apps" data/icons/hicolor/$$kind/apps/*.svg; done
	# A cache of icons that is older than this folder does not count; else ours would be missing from it.
	touch "$(DESTDIR)$(icons)"
