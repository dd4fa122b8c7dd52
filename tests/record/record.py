"""Records one version of Selkies, or compares it with what was recorded before. Started by `selkies` beside it."""

import argparse
import difflib
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import normal_form
from scenarios import SCENARIOS, Recording
from stage import SOURCES, Stuck

SCHEMA = "schema.json"


def tell(text):
    print(f"selkies: {text}", file=sys.stderr, flush=True)


def recorded(venv, driver):
    """Every file of a recording, by name."""
    files = {
        SCHEMA: said_by(venv, SOURCES / "data/stream/read-schema.py"),
        "parser.jsonl": said_by(venv, SOURCES / "tests/record/parser.py"),
    }
    for name, settings, steps in SCENARIOS:
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="selkies-record-", ignore_cleanup_errors=True) as folder:
            recording = Recording(venv, driver, Path(folder), name, settings)
            try:
                files |= recording.run(steps)
            except Stuck as stuck:
                raise Stuck(f"{name}: {stuck}\n{recording.last_words()}") from None
        tell(f"{name} took {time.monotonic() - started:.0f} s")
    return files


def said_by(venv, script):
    """What a script of ours says inside that installation; asked as the daemon asks, but with more time."""
    with open(script) as source:
        run = subprocess.run(
            [venv / "bin/python", "-I", "-"], stdin=source, env={}, capture_output=True, timeout=60, text=True
        )
    if run.returncode:
        raise Stuck(f"{script.name}: {run.stderr.strip()}")
    return run.stdout


def keep(files, folder, snapshot):
    """Writes what was recorded and removes what a scenario that is no more has left."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in recordings_in(folder):
        if path.name not in files:
            path.unlink()
    for name, text in files.items():
        replace(folder / name, text)
    if snapshot:
        replace(snapshot, files[SCHEMA])


def recordings_in(folder):
    return [path for path in folder.iterdir() if path.name.endswith((".log", ".metrics", ".json", ".jsonl"))]


def replace(path, text):
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.rename(path)


def differences(files, folder, snapshot):
    """Of all that the daemon depends on; everything else may read differently each time."""
    before = {path.name: path.read_text() for path in recordings_in(folder)}
    found = []
    for name in sorted(files.keys() | before.keys()):
        shapes = [shape_of(name, side.get(name, "")) for side in (before, files)]
        found += difflib.unified_diff(*shapes, str(folder / name), f"{name} recorded now", lineterm="", n=1)
    if snapshot:
        shapes = [shape_of(SCHEMA, text) for text in (snapshot.read_text(), files[SCHEMA])]
        found += difflib.unified_diff(*shapes, str(snapshot), f"{SCHEMA} recorded now", lineterm="", n=1)
    return found


def shape_of(name, text):
    if name.endswith(".log"):
        return normal_form.telling_lines(text)
    if name.endswith(".metrics"):
        return normal_form.metric_names(text)
    if name.endswith(".sessions.json") and text:
        return normal_form.session_shape(text)
    return text.splitlines()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--venv", type=Path, required=True)
    parser.add_argument("--driver", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--snapshot", type=Path)
    options = parser.parse_args()
    # So that an end from outside also leaves through the blocks that clean up.
    for number in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        files = recorded(options.venv, options.driver)
        if not options.compare:
            keep(files, options.folder, options.snapshot)
        elif found := differences(files, options.folder, options.snapshot):
            print("\n".join(found))
            tell("it no longer says what was recorded. Mend what reads it, then record it again.")
            sys.exit(1)
    except (Stuck, OSError, subprocess.SubprocessError) as error:
        tell(error)
        sys.exit(1)


main()
