"""Records one version of Selkies, or compares it with what was recorded before. Started by `selkies` beside it."""

import argparse
import difflib
import shutil
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
    files = {SCHEMA: schema_of(venv)}
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


def schema_of(venv):
    """As the daemon reads it: nothing but the script goes in, and it has little time."""
    with open(SOURCES / "data/stream/read-schema.py") as script:
        run = subprocess.run(
            [venv / "bin/python", "-I", "-"], stdin=script, env={}, capture_output=True, timeout=30, text=True
        )
    if run.returncode:
        raise Stuck(run.stderr.strip())
    return run.stdout


def keep(files, folder, snapshot):
    """All or nothing: the new recording takes the place of the old one when it is complete."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for name, text in files.items():
        (new / name).write_text(text)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)
    if snapshot:
        new = snapshot.with_name(f"{snapshot.name}.new")
        new.write_text(files[SCHEMA])
        new.rename(snapshot)


def differences(files, folder, snapshot):
    """Of all that the daemon depends on; everything else may read differently each time."""
    before = {path.name: path.read_text() for path in folder.iterdir()}
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
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
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
