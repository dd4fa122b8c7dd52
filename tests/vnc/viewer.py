"""One VNC viewer, driven by a test. The first line of standard input is the password, each further
one a command. It says `connected`, `refused` or `lost` when that happens, and `ok` to each command.
It ends with standard input.

type TEXT      types this, then the Enter key
move X Y       moves the mouse there
"""

import sys
import threading

from twisted.internet import reactor
from vncdotool.client import VNCDoToolFactory, factory_connect


def say(what):
    print(what, flush=True)


class Viewer(VNCDoToolFactory):
    client = None

    def clientConnectionMade(self, protocol):
        self.client = protocol
        say("connected")

    def clientConnectionFailed(self, connector, reason):
        say("refused")

    def clientConnectionLost(self, connector, reason):
        # A refusal has been told already.
        if self.client:
            say("lost")
        self.client = None

    def obey(self, line):
        command, _, rest = line.partition(" ")
        if self.client and command == "type":
            for key in [*rest, "enter"]:
                self.client.keyPress(key)
        elif self.client and command == "move":
            self.client.mouseMove(*map(int, rest.split()))
        # After what was sent has left.
        reactor.callLater(0.2, say, "ok")


def read(viewer):
    for line in sys.stdin:
        reactor.callFromThread(viewer.obey, line.rstrip("\n"))
    reactor.callFromThread(reactor.stop)


def main():
    port, shared = int(sys.argv[1]), sys.argv[2] == "shared"
    viewer = Viewer()
    viewer.password = sys.stdin.readline().rstrip("\n")
    viewer.shared = shared
    factory_connect(viewer, "127.0.0.1", port, 2)
    threading.Thread(target=read, args=(viewer,), daemon=True).start()
    reactor.run()


main()
