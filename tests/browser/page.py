"""One page in headless Chromium, driven by a test: a command per line on standard input, an answer
per line on standard output, `ok` or what went wrong. The browser ends with standard input.

open URL          shows this page
screenshot FILE   writes what the page looks like as PNG
click X Y         clicks there
press KEY         presses a key, by Playwright's name for it
find TEXT         waits until the page has this text to be seen
run SCRIPT        runs this JavaScript in the page
"""

import sys
import tempfile

from playwright.sync_api import Error, sync_playwright

SIZE = {"width": 1280, "height": 720}
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def obey(page, command, rest):
    if command == "open":
        page.goto(rest, timeout=30_000)
    elif command == "screenshot":
        page.screenshot(path=rest, timeout=30_000)
    elif command == "click":
        x, y = rest.split()
        page.mouse.click(int(x), int(y), delay=50)
    elif command == "press":
        page.keyboard.press(rest, delay=50)
    elif command == "find":
        page.get_by_text(rest).first.wait_for(state="visible", timeout=30_000)
    elif command == "run":
        page.evaluate(rest)
    else:
        raise ValueError(f"there is no command {command}")


def main():
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile, sync_playwright() as playwright:
        browser = playwright.chromium.launch_persistent_context(
            profile, executable_path="/usr/bin/chromium", headless=True, viewport=SIZE, args=FLAGS
        )
        page = browser.pages[0]
        print("ok", flush=True)
        for line in sys.stdin:
            command, _, rest = line.strip().partition(" ")
            try:
                obey(page, command, rest)
                answer = "ok"
            except (Error, ValueError) as error:
                answer = " ".join(str(error).split())
            print(answer, flush=True)
        browser.close()


main()
