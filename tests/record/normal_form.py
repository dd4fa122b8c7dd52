"""Recordings in a form in which two of them can be compared.

What differs from one recording to the next gets a stand-in of the same form, so that whatever reads the real thing
also reads the recording. What tells of the machine's load and not of Selkies is left out.
"""

import json
import re

SERVER_PORT, FIRST_VIEWER_PORT = 16100, 40001
# What only a busy machine makes Selkies say.
ABOUT_LOAD = re.compile(
    r"frame \d+ lost by|Congestion control\[|Ack of frame|Backpressure TRIGGERED|Client stall for|Re-probing stalled"
    r"|reconnecting too quickly|Could not notify client"
)
# Of lines in a row that differ in numbers only, so many stay.
ALIKE = 3

# The lines that something of ours depends on, now or soon; what stands before them tells who said it.
TELLING = re.compile(
    r"^(?P<source>\[\w+\] |[A-Z]+:\w+:|)"
    r"(Selkies \S+ starting:|Selkies server running on|Received SIG|Starting service:"
    r"|No hardware encoder on|Failed to init|Encoder: |Stream settings active|Configuring Output"
    r"|Client \S+ \d+\) (connected|settings applied)|Client for '\w+' (disconnected|did not return)"
    r"|Controller .* joins|Killing old client|Last client"
    r"|Software encoding|Video parameters changed|Applying video settings|Frame rate for|Display '\w+' encodes"
    r"|Received ST(ART|OP)_VIDEO|Capture started"
    r"|Invalid |Could not parse|Setting '|Encoder '|Client value for|.* clamped to"
    r"|Server override|Calculated total|FATAL"
    r"|Cannot bind|Failed to create SSL|Error in main|Waiting for streaming app)"
)


def log(text, places):
    """`places` are the folders and the numbers of this recording, each with what stands for it."""
    for ours, stand_in in places:
        text = text.replace(str(ours), stand_in)
    text = re.sub(r"http(s?)://127\.0\.0\.1:\d+", rf"http\1://127.0.0.1:{SERVER_PORT}", text)
    text = re.sub(r"X11 \(:\d+\)", "X11 (:20)", text)
    text = re.sub(r"\bpython3\.\d+\b", "python3", text)
    # As many as the machine has processors.
    text = re.sub(r"\d+ threads?\.", "1 thread.", text)
    text = with_numbered_viewers(text)
    lines = [line for line in text.splitlines() if not ABOUT_LOAD.search(line)]
    return "\n".join(without_repetition(without_stack_frames(lines))) + "\n"


def with_numbered_viewers(text):
    """A viewer is told by its port; they get new ones in the order in which they came."""
    ports = {}

    def numbered(match):
        port = ports.setdefault(match[1], FIRST_VIEWER_PORT + len(ports))
        return f"('127.0.0.1', {port})"

    return re.sub(r"\('127\.0\.0\.1', (\d+)\)", numbered, text)


def without_stack_frames(lines):
    """Of a traceback the first line and what was raised."""
    inside = False
    for line in lines:
        if inside and line.startswith((" ", "\t")):
            continue
        inside = line.startswith("Traceback ")
        yield line


def without_repetition(lines):
    shape, count = None, 0
    for line in lines:
        count = count + 1 if re.sub(r"\d+", "0", line) == shape else 1
        shape = re.sub(r"\d+", "0", line)
        if count <= ALIKE:
            yield line


def telling_lines(text):
    """By who said them. Two threads write to one log, so only what one of them said has an order."""
    said = {}
    # How the network tells of an end is a matter of luck, and so is whether a page asks for the same again.
    text = re.sub(r"disconnected \(code [^)]*\)", "disconnected (code)", text)
    for line in text.splitlines():
        if found := TELLING.search(line):
            source = found["source"].strip(" :") or "before the log is set up"
            lines = said.setdefault(source, [])
            if line not in lines[-1:]:
                lines.append(line)
    return [f"{source} | {line}" for source in sorted(said) for line in said[source]]


def metrics(text):
    """The gauges keep what they were; what the library adds about Python and the process says nothing of Selkies."""
    lines = [line for line in text.splitlines() if not re.match(r"(# \w+ )?(python|process)_", line)]
    return "\n".join(re.sub(r"^(\w+_created) .*", r"\1 1.7e+09", line) for line in lines) + "\n"


def metric_names(text):
    """All of an exposition but the values."""
    return [line if line.startswith("#") else line.rsplit(" ", 1)[0] for line in text.splitlines()]


def sessions(text):
    answer = json.loads(text)
    for number, session in enumerate(answer["sessions"], 1):
        session["id"] = f"{number:08x}"
        session["connected_at"] = "2026-01-01T00:00:00.000Z"
    return pretty(answer)


def session_shape(text):
    """All but how long a round trip takes."""
    answer = json.loads(text)
    for session in answer["sessions"]:
        session["rtt_ms"] = "?"
    return pretty(answer).splitlines()


def pretty(value):
    return json.dumps(value, indent=2) + "\n"
