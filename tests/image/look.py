"""The image's two pages as a person sees them, through the gateway: signs in, waits for the desktop's
picture, and tells one line per step. Ends with 1 and what it missed.

look.py stream URL PASSWORD_FILE SCREENSHOT      the stream, until its picture has the desktop's colours
look.py again URL PASSWORD_FILE SCREENSHOT COMMAND…   the same, runs COMMAND, and waits in the same page
                                                 until frames come again
look.py vnc URL PASSWORD_FILE SCREENSHOT         noVNC: as stream; VNC's own password on standard input
"""

import subprocess
import sys
import tempfile
import time

from playwright.sync_api import sync_playwright

SIZE = {"width": 1280, "height": 720}
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]
# A page without a picture has a handful of colours, a dialog that fades out a thousand, Plasma's picture ten
# thousand and more.
COLOURS = 5000


def colours(file):
    said = subprocess.run(["identify", "-format", "%k", file], capture_output=True, text=True, timeout=60, check=True)
    return int(said.stdout)


def wait_for_picture(page, file, seconds, what):
    started = time.monotonic()
    seen = 0
    while time.monotonic() - started < seconds:
        page.screenshot(path=file, timeout=30_000)
        seen = colours(file)
        if seen >= COLOURS:
            print(f"{what}: {seen} colours after {time.monotonic() - started:.1f} s", flush=True)
            return
        time.sleep(1)
    sys.exit(f"{what}: {seen} colours only after {seconds} s; see {file}")


class Received:
    """How many messages the page's sockets have received."""

    def __init__(self, page):
        self.count = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self.more))

    def more(self, _message):
        self.count += 1


def main():
    mode, url, password_file, screenshot, *command = sys.argv[1:]
    with open(password_file, encoding="utf-8") as file:
        password = file.readline().strip()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", headless=True, viewport=SIZE, args=FLAGS,
            ignore_https_errors=True, http_credentials={"username": "user", "password": password},
        )
        page = browser.pages[0]
        received = Received(page)
        page.goto(url, timeout=30_000)
        if mode == "vnc":
            page.locator("#noVNC_password_input").fill(sys.stdin.readline().strip(), timeout=30_000)
            page.locator("#noVNC_password_input").press("Enter")
            # Only of the server's picture the colours count, not of what noVNC shows before it.
            page.locator("html.noVNC_connected").wait_for(state="attached", timeout=30_000)
            page.locator("#noVNC_credentials_dlg").wait_for(state="hidden", timeout=30_000)
        wait_for_picture(page, screenshot, 60, "picture")
        if mode == "again":
            subprocess.run(command, timeout=60, check=True)
            # What was on its way still counts for the stream before.
            time.sleep(2)
            before, started = received.count, time.monotonic()
            while received.count < before + 30:
                if time.monotonic() - started > 60:
                    sys.exit("no frames came after the restart")
                page.mouse.move(300 + 10 * (int(time.monotonic()) % 40), 300)
                page.wait_for_timeout(500)
            print(f"frames again: {time.monotonic() - started + 2:.1f} s after the restart", flush=True)
            wait_for_picture(page, screenshot, 60, "picture again")
        browser.close()


main()
