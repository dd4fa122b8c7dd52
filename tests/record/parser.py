#!/usr/bin/env python3
"""What the settings parser of an installed Selkies makes of raw values, one JSON line for each.

    VENV/bin/python3 tests/record/parser.py > tests/fixtures/selkies/VERSION/parser.jsonl
    VENV/bin/python3 tests/record/parser.py - < VALUES

Without an argument the raw values are the ones below; with `-` they come in lines of JSON, `["name", "raw"]`.
Run by the Python of the venv in which that Selkies is installed. Our own reading of raw values,
src/model/stream/decode.rs, is compared with the recording.
"""

import copy
import json
import logging
import os
import sys

asked = sys.argv[1:] == ["-"]
# Importing the module parses the command line and the environment.
sys.argv = ["selkies"]
for variable in list(os.environ):
    if variable not in ("PATH", "HOME"):
        del os.environ[variable]
from selkies import settings as selkies  # noqa: E402

logging.disable(logging.CRITICAL)

NUMBERS = [
    "60", " 60 ", "+60", "-60", "060", "6_0", "6__0", "_60", "60_", "59.94", "60.", ".5", "1e2", "1E+2", "0", "-0",
    "-1", "999999999999999999999999", "0x3c", "sixty", "inf", "-inf", "nan", "60 fps", "60;", "\x1c60\x1f", "\u00a060",
]
BLANKS = ["", " ", "\t", "\n"]
HOSTILE = ["$(id)", "`id`", "'\"", "a\nb", "\x1b[2J", "true\n|locked"]
SPANS = [
    "8-240", "60-60", "60,8-240", "8-240,60", "60,30-120", "30-120", "120-30", " 30 - 120 ", "30–120", "1-1000",
    "1000,30-120", "-5--2", "-5-5", "5--5", "1.5-2.5", "1.-2", ".5-2", "1e1-2e1", "30-120,40-50", "10,20", ",", "60,",
    ",60", "60,x", "x,30-120", "60|locked", "30-120-240", "30 120", "1e999", "0-0", "60.0-60", "1000-1000", "3", "1000",
]
BOOLS = [
    "true", "false", "True", "TRUE", " true ", "1", "0", "yes", "on", "01", "true|locked", "false|locked",
    "TRUE | LOCKED", "|locked", "true|", "true|open|locked", "true|lockedx", "locked", "true |", "1|locked",
]
ENCODERS = [
    "h264enc", "jpeg", "JPEG", " jpeg ", "jpeg,h264enc", "jpeg,jpeg", "jpeg,mpeg1", "mpeg1", "mpeg1,jpeg", ",jpeg",
    "x264enc", "openh264enc,jpeg", "X264ENC", "none", "jpeg|locked", "jpeg h264enc", ",", "h264enc-striped",
    "jpeg,av1enc,vp9enc,vp8enc,h265enc,h264enc,h264enc-striped",
]
AUDIO = [
    "128000", "64000", "6000", "5999", "510000", "510001", "64000.0", "6000.5", "64000,96000", "64000,64000", "6_4000",
    "1e5", "lots", "96000,lots", "5999,6000",
]
DPI = ["96", "120", "120,96", "100", "96.0", "288,96", " 288"]
LISTS = [
    "upload", "download", "upload,download", "download,upload", "none", "NONE", " none ", "upload,none", "Upload", "x",
    "upload,x", "upload,upload", ",", "upload,,download",
]
WORDS = [
    "true", "in", "out", "false", "IN", " out ", "in|locked", "both", "0", "1", "demand", "DEMAND|x", "webrtc",
    "WebRTC ", "websockets", "none", "|", "|in",
]
TEXTS = ["Selkies", " spaced ", "it's \"quoted\" $HOME `x` \\", "a=b,c|d", "naïve ✓", "\u202e"]

CASES = {
    "use_cpu": BOOLS + ["60"],
    "audio_enabled": BOOLS,
    "framerate": NUMBERS + SPANS,
    "video_crf": NUMBERS + SPANS,
    "port": NUMBERS + ["8080", "65535", "65536", "8-240", "9" * 4300, "9" * 4301],
    "manual_width": NUMBERS + ["16384", "16385"],
    "webcam_width": NUMBERS,
    "cursor_size": NUMBERS,
    "keyframe_interval": NUMBERS + ["300", "300.01"],
    "file_transfer_limit_mbps": NUMBERS,
    "encoder": ENCODERS + ["60"],
    "audio_bitrate": AUDIO + NUMBERS,
    "scaling_dpi": DPI,
    "file_transfers": LISTS,
    "enable_clipboard": WORDS,
    "microphone_on_start": WORDS,
    "mode": WORDS,
    "ui_title": TEXTS,
    "https_key": TEXTS,
}


def parsed(name, raw):
    """What setting `name` has after a start with `raw` in its variable."""
    definitions = copy.deepcopy(PRISTINE)
    variable = "SELKIES_" + name.upper()
    os.environ[variable] = raw
    settings = selkies.AppSettings(definitions)
    del os.environ[variable]
    definition = next(entry for entry in definitions if entry["name"] == name)
    value = getattr(settings, name)
    meta = definition.get("meta", {})
    kind = definition["type"]
    if kind == "bool":
        return {"value": str(value[0]).lower(), "locked": value[1]}
    if kind == "range":
        return {"value": str(meta["default_value"]), "span": [str(value[0]), str(value[1])]}
    if kind == "list":
        return {"value": ",".join(value) or "none"}
    if kind == "enum":
        return {"value": str(value), "allowed": meta["allowed"]}
    return {"value": str(value)}


def cases():
    if asked:
        yield from (json.loads(line) for line in sys.stdin)
        return
    known = {entry["name"] for entry in PRISTINE}
    for name, raws in CASES.items():
        for raw in dict.fromkeys(raws + BLANKS + HOSTILE):
            if name in known:
                yield name, raw


PRISTINE = copy.deepcopy(selkies.SETTING_DEFINITIONS)
for name, raw in cases():
    print(json.dumps({"setting": name, "raw": raw, **parsed(name, raw)}))
