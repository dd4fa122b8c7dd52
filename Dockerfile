# The Linux desktop image: a base, the streamed desktop, and Desktop Control inside.
#
#   docker buildx build --build-arg VAST_BASE=debian:12 -t linux-desktop .
#
# docs/image.md tells of every argument. Only what BuildKit and buildah 1.28 both understand is used here.

# Any Debian from 12 on or Ubuntu from 24.04 on.
ARG VAST_BASE=vastai/base-image:cuda-12.9.1-cudnn-devel-ubuntu24.04-py312
# Debian 12: what is compiled there runs on every base.
ARG RUST_IMAGE=rust:1.95.0-bookworm
# Guacamole's server is compiled for this Ubuntu and left out on every other base.
ARG UBUNTU_VERSION=24.04
# built, or none: nothing is compiled for it.
ARG GUACD=built

# ── The four programs, as a package. `--build-context package=FOLDER` takes one that is there already.
# hadolint ignore=DL3006
FROM ${RUST_IMAGE} AS compiled
WORKDIR /source
RUN --mount=type=bind,source=data/image,target=/recipes --mount=type=secret,id=ca \
    /recipes/add --only-packages build
COPY . .
RUN --mount=type=secret,id=ca --mount=type=cache,target=/usr/local/cargo/registry \
    data/image/with-ca data/deb/programs && data/deb/build target/release /

# Its own stage, and a copy: of a stage that is in its cache as a whole, buildah 1.28 would mount what that began with.
FROM scratch AS package
COPY --from=compiled /desktop-control_*.deb /

# ── guacd, the half of Guacamole that has to be compiled.
FROM ubuntu:${UBUNTU_VERSION} AS guacd-built
ARG DOWNLOADS_FROM=
RUN --mount=type=bind,source=data/image,target=/recipes --mount=type=secret,id=ca \
    /recipes/build-guacd /guacd

FROM scratch AS guacd-none
COPY LICENSE-MIT /no-guacd

# hadolint ignore=DL3006
FROM guacd-${GUACD} AS guacd

# ── What the layers below are made by. Without the root tree: a changed unit repeats the last layer only.
FROM scratch AS recipes
COPY data/image/add data/image/install data/image/with-ca data/image/prepare-root data/image/private-mounts.sh data/image/versions.env data/image/downloads /
COPY data/image/components /components
COPY data/image/packages /packages
COPY data/image/optional /optional

# ── The image.
# hadolint ignore=DL3006
FROM ${VAST_BASE} AS image
ARG COMPONENTS="desktop selkies vnc novnc guacamole virtualgl firefox chrome blender nvidia-vaapi cuda gateway"
ARG BLENDER_VERSION=
ARG SELKIES_VERSION=
ARG DOWNLOADS_FROM=
# hadolint ignore=DL3002
USER 0
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add base x-server audio
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add desktop openbox
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add selkies
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add vnc novnc gateway
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=bind,from=guacd,target=/guacd --mount=type=secret,id=ca /recipes/add guacamole
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add virtualgl nvidia-vaapi
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add firefox chrome chromium
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add blender
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add cuda
RUN --mount=type=bind,from=recipes,target=/recipes --mount=type=secret,id=ca /recipes/add window
RUN --mount=type=bind,source=data/image,target=/recipes --mount=type=bind,from=package,target=/package --mount=type=secret,id=ca /recipes/add control

# For a base with a portal: what it does not let people stop.
ENV PORTAL_UNSTOPPABLE=desktop-controld
LABEL org.opencontainers.image.title="Linux desktop" \
      org.opencontainers.image.description="KDE Plasma in the browser, with Desktop Control" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# The stream by HTTPS, VNC in the browser by HTTPS, VNC. On a base with a portal, that publishes them.
EXPOSE 6100 6200 5900
HEALTHCHECK --interval=30s --timeout=15s --start-period=90s --retries=3 CMD ["/usr/lib/desktop-control/healthcheck"]
ENTRYPOINT ["/usr/lib/desktop-control/entrypoint"]
CMD []
# The base names its image by this; last, since it is about all that stands above.
RUN if command -v env-hash >/dev/null; then env-hash >/.env_hash; fi
