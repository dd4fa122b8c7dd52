"""busy_log.py LINES: writes so many numbered lines a second, a hundredth of them each hundredth of a second."""

import sys
import time

PER_PIECE = int(float(sys.argv[1])) // 100

line = 0
due = time.monotonic()
while True:
    piece = (f"{line + i} is a line of a service that says much about what it does\n" for i in range(PER_PIECE))
    sys.stdout.write("".join(piece))
    sys.stdout.flush()
    line += PER_PIECE
    due += 0.01
    time.sleep(max(0, due - time.monotonic()))
