"""What a recording is made of: a display with something that moves on it, a Selkies server, viewers.

Each is a process of its own and a context manager: it is gone when its block is left. Should this process be
killed instead, the kernel ends them, and the browser ends with its driver. Every wait has an end.
"""

import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import time
import urllib.request
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2]
ADDRESS = "127.0.0.1"
# Generous: each of them takes a tenth of this on two busy cores.
START, ANSWER, END = 60, 45, 15
# The image's own: a frame buffer of the largest size, which Selkies cuts down to the viewer's.
FRAME_BUFFER = "8192x4096x24"
# A terminal in which thirty new lines a second appear, until the file named by its argument exists.
MOVING = """
import pathlib, random, sys, time
still = pathlib.Path(sys.argv[1])
while True:
    if not still.exists():
        print("".join(random.choices("0123456789abcdef ", k=100)), flush=True)
    time.sleep(1 / 30)
"""


class Stuck(Exception):
    """Something did not happen in time or ended too early; the message says what."""


def wait_for(what, seconds, condition):
    """Asks until the answer is true, and returns that answer."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.05)
    raise Stuck(f"{what} did not happen within {seconds} seconds")


def read_line(what, seconds, descriptor):
    """The next line from a pipe."""
    line, deadline = b"", time.monotonic() + seconds
    while not line.endswith(b"\n"):
        if not select.select([descriptor], [], [], max(0, deadline - time.monotonic()))[0]:
            raise Stuck(f"{what} did not come within {seconds} seconds")
        byte = os.read(descriptor, 1)
        if not byte:
            raise Stuck(f"{what} did not come: the program has ended")
        line += byte
    return line.decode().strip()


class Child:
    """A process and its children, which are one process group."""

    def __init__(self, arguments, **more):
        tied = ["setpriv", "--pdeathsig", "KILL", "--", *map(str, arguments)]
        self.process = subprocess.Popen(tied, start_new_session=True, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Asks it to end, and makes it. Its exit status; negative where a signal ended it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(END)
        except subprocess.TimeoutExpired:
            return None
        finally:
            self.kill_group()

    def kill_group(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Display(Child):
    """An X server that only those with its cookie may enter, on a number that it chose itself."""

    def __init__(self, folder):
        self.folder = folder
        self.cookie = folder / "Xauthority"
        self.cookie.write_bytes(cookie_for_every_display())
        told, tell = os.pipe()
        extensions = ["COMPOSITE", "DAMAGE", "GLX", "RANDR", "RENDER", "MIT-SHM", "XFIXES", "XTEST"]
        super().__init__(
            ["Xvfb", "-displayfd", tell, "-screen", "0", FRAME_BUFFER, "-dpi", "96", "-auth", self.cookie, "-noreset"]
            + ["-nolisten", "tcp", "-nolisten", "local"]
            + [word for name in extensions for word in ("+extension", name)],
            pass_fds=[tell],
            stderr=open(folder / "display.log", "wb"),
        )
        os.close(tell)
        try:
            self.name = f":{read_line('the number of the display', START, told)}"
        except BaseException:
            self.end()
            raise
        finally:
            os.close(told)
        self.environment = {"DISPLAY": self.name, "XAUTHORITY": str(self.cookie)}


def cookie_for_every_display():
    """An Xauthority file of one entry: any kind of address (65535), no address, no number."""
    name, cookie = b"MIT-MAGIC-COOKIE-1", secrets.token_bytes(16)
    fields = [b"", b"", name, cookie]
    return struct.pack(">H", 65535) + b"".join(struct.pack(">H", len(field)) + field for field in fields)


class Moving(Child):
    """Something that moves on the display, and can be told to keep still."""

    def __init__(self, display):
        self.still = display.folder / "still"
        # In the part of the screen that every viewer sees.
        super().__init__(
            ["xterm", "-geometry", "100x40+40+40", "-e", "/usr/bin/python3", "-c", MOVING, self.still],
            env=plain_environment(display.folder) | display.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def plain_environment(folder):
    """Nothing of this shell's, and a home of its own: Selkies makes folders there."""
    environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    for name, part in [("HOME", "home"), ("XDG_RUNTIME_DIR", "runtime"), ("TMPDIR", "temporary")]:
        (folder / part).mkdir(mode=0o700, exist_ok=True)
        environment[name] = str(folder / part)
    return environment


def free_port():
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return probe.getsockname()[1]


class Server(Child):
    """Selkies, as the stack starts it; it answers when the block is entered."""

    def __init__(self, venv, display, settings, port, log):
        self.port, self.log = port, log
        environment = plain_environment(display.folder) | display.environment
        environment |= {"SELKIES_ENABLE_BASIC_AUTH": "false"} | settings
        with open(log, "ab") as sink:
            super().__init__(
                [venv / "bin/python", "-m", "selkies"]
                + [f"--addr={ADDRESS}", f"--port={port}", "--enable-metrics-http=true"],
                env=environment,
                cwd=display.folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )

    def __enter__(self):
        try:
            wait_for("an answer of Selkies", START, self.healthy_or_ended)
        except BaseException:
            self.end()
            raise
        if self.process.poll() is not None:
            raise Stuck(f"Selkies ended by itself with status {self.process.returncode}:\n{self.said()}")
        return self

    def healthy_or_ended(self):
        if self.process.poll() is not None:
            return True
        try:
            return self.get("health") == "OK"
        except OSError:
            return False

    def get(self, path):
        with urllib.request.urlopen(f"http://{ADDRESS}:{self.port}/api/{path}", timeout=5) as answer:
            return answer.read().decode()

    def said(self):
        return self.log.read_text(errors="replace")

    def await_words(self, words, times=1):
        """Until the log has this text so many times."""
        wait_for(f"“{words}” in the log of Selkies", ANSWER, lambda: self.said().count(words) >= times)

    def sessions(self):
        return json.loads(self.get("sessions"))["sessions"]

    def counted(self):
        """How often this server has looked at how fast its viewer is: twice a second while one is sent pictures."""
        lines = self.get("metrics").splitlines()
        return next((float(line.split()[1]) for line in lines if line.startswith("fps_hist_count ")), 0.0)


class Viewer(Child):
    """A page in headless Chromium, driven by the tests' own driver."""

    def __init__(self, driver, folder):
        super().__init__(
            [driver / "bin/python", SOURCES / "tests/browser/page.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=open(folder / "viewer.log", "ab"),
            env=plain_environment(folder) | {"PYTHONDONTWRITEBYTECODE": "1"},
        )

    def __enter__(self):
        try:
            self.await_answer("start")
        except BaseException:
            self.end()
            raise
        return self

    def tell(self, command):
        self.process.stdin.write(f"{command}\n".encode())
        self.process.stdin.flush()
        self.await_answer(command)

    def await_answer(self, command):
        answer = read_line(f"the browser's answer to “{command}”", ANSWER, self.process.stdout.fileno())
        if answer != "ok":
            raise Stuck(f"the browser could not {command}: {answer}")

    def end(self):
        """The driver ends the browser when nothing more can come on its standard input."""
        self.process.stdin.close()
        try:
            return self.process.wait(END)
        except subprocess.TimeoutExpired:
            return super().end()
        finally:
            self.process.stdout.close()
