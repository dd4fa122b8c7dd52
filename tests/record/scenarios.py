"""What is recorded: settings, and what viewers do meanwhile."""

import json
from contextlib import ExitStack

import normal_form
from stage import ADDRESS, ANSWER, Display, Moving, Server, Viewer, free_port, plain_environment, wait_for

# There is no sound server here, and what Selkies says about that is no subject of ours.
EVERYWHERE = {"SELKIES_AUDIO_ENABLED": "false"}
SETTLED = "Stream settings active"


class Recording:
    """One scenario: a display of its own, and the files that it leaves, by name."""

    def __init__(self, venv, driver, folder, name, settings):
        self.venv, self.driver, self.folder, self.name = venv, driver, folder, name
        self.settings = settings
        self.port = free_port()
        self.log = folder / "selkies.log"
        self.files = {}

    def run(self, steps):
        with ExitStack() as self.stage:
            self.display = self.stage.enter_context(Display(self.folder))
            self.stage.enter_context(Moving(self.display))
            steps(self)
        self.files[f"{self.name}.log"] = normal_form.log(self.log.read_text(errors="replace"), self.places())
        return self.files

    def places(self):
        stand_ins = {"HOME": "/home/user", "XDG_RUNTIME_DIR": "/run/user/1001", "TMPDIR": "/tmp"}
        ours = plain_environment(self.folder)
        return [(self.venv, "/opt/selkies")] + [(ours[name], stand_in) for name, stand_in in stand_ins.items()]

    def last_words(self):
        """The end of the server's log, for who must find out why a recording failed."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-10:]) if self.log.exists() else ""

    def server(self):
        # Older versions put their sockets into /tmp unless told otherwise.
        sockets = plain_environment(self.folder)["XDG_RUNTIME_DIR"]
        private = {"SELKIES_JS_SOCKET_PATH": sockets, "SELKIES_WEBCAM_SOCKET_PATH": sockets}
        return Server(self.venv, self.display, EVERYWHERE | private | self.settings, self.port, self.log)

    def viewer(self):
        """A new browser, without anything stored."""
        viewer = self.stage.enter_context(Viewer(self.driver, self.folder))
        viewer.tell(f"open http://{ADDRESS}:{self.port}/")
        return viewer

    def sample(self, server, name=None):
        """What the server tells while pictures move: two seconds after they began to."""
        before = server.counted()
        wait_for("moving pictures", ANSWER, lambda: server.counted() >= before + 4)
        name = name or self.name
        self.files[f"{name}.metrics"] = normal_form.metrics(server.get("metrics"))
        self.files[f"{name}.status.json"] = normal_form.pretty(json.loads(server.get("status")))
        self.files[f"{name}.sessions.json"] = normal_form.sessions(server.get("sessions"))


def watched(recording):
    """A viewer comes, sees moving pictures, and is still there at the end."""
    with recording.server() as server:
        recording.viewer()
        server.await_words(SETTLED)
        recording.sample(server)


def left(recording):
    """The viewer leaves and does not come back."""
    with recording.server() as server:
        viewer = recording.viewer()
        server.await_words(SETTLED)
        recording.sample(server)
        viewer.end()
        server.await_words("Last client gone")
        recording.files[f"{recording.name}.nobody.sessions.json"] = normal_form.sessions(server.get("sessions"))


def two_viewers(recording):
    """A second one comes, and leaves again."""
    with recording.server() as server:
        recording.viewer()
        server.await_words(SETTLED)
        second = recording.viewer()
        server.await_words(") connected (", times=2)
        recording.sample(server)
        count = len(server.sessions())
        second.end()
        wait_for("the second viewer's leaving", ANSWER, lambda: len(server.sessions()) < count)
        recording.files[f"{recording.name}.one-left.sessions.json"] = normal_form.sessions(server.get("sessions"))


def server_restarted(recording):
    """The page stays open while the server is restarted, and comes back by itself."""
    with recording.server() as server:
        recording.viewer()
        server.await_words(SETTLED)
        recording.sample(server, f"{recording.name}.before")
    with recording.server() as server:
        server.await_words(SETTLED, times=2)
        recording.sample(server)


def changed_by_viewer(recording):
    """The person in front of the page changes the stream: live, with a new encoder, and beyond what is allowed."""
    with recording.server() as server:
        viewer = recording.viewer()
        server.await_words(SETTLED)
        recording.sample(server, f"{recording.name}.before")
        for settings, words in [
            ({"framerate": 30}, "Applying video settings"),
            ({"encoder": "jpeg"}, "Mode: JPEG"),
            ({"encoder": "nonsense"}, "is not in the allowed list"),
            ({"framerate": 500}, "was clamped to"),
        ]:
            message = json.dumps({"type": "settings", "settings": settings})
            viewer.tell(f"run window.postMessage({message}, location.origin)")
            server.await_words(words)
        recording.sample(server)


def refused(recording):
    """Selkies ends by itself."""
    server = recording.server()
    recording.stage.callback(server.end)
    wait_for("the end of Selkies", ANSWER, lambda: server.process.poll() is not None)


INVALID = {
    "SELKIES_ENABLE_CURSORS": "perhaps",  # bool
    "SELKIES_FRAMERATE": "fast",  # range
    "SELKIES_JPEG_QUALITY": "200,10-90",  # range, initial value outside
    "SELKIES_VIDEO_MIN_QP": "low",  # int
    "SELKIES_VIDEO_MAX_QP": "99",  # int, too large
    "SELKIES_KEYFRAME_INTERVAL": "often",  # float
    "SELKIES_RATE_CONTROL_MODE": "vbr",  # enum
    "SELKIES_FILE_TRANSFERS": "pigeon",  # list
    "SELKIES_ENABLE_CLIPBOARD": "perhaps",  # text that only may be one of four
}

# Name, settings, what happens.
SCENARIOS = [
    ("default", {}, left),
    ("jpeg", {"SELKIES_ENCODER": "jpeg", "SELKIES_FRAMERATE": "20-20"}, watched),
    ("h264enc-striped", {"SELKIES_ENCODER": "h264enc-striped"}, watched),
    ("openh264enc", {"SELKIES_ENCODER": "openh264enc"}, watched),
    ("use-cpu", {"SELKIES_USE_CPU": "true"}, watched),
    ("unknown-encoder", {"SELKIES_ENCODER": "nvh264enc"}, watched),
    ("invalid-values", INVALID, watched),
    ("odd-size", {"SELKIES_MANUAL_WIDTH": "1281", "SELKIES_MANUAL_HEIGHT": "721"}, watched),
    ("two-viewers", {}, two_viewers),
    ("server-restarted", {}, server_restarted),
    ("changed-by-viewer", {}, changed_by_viewer),
    ("refused", {"SELKIES_UNIX_SOCKET": "/proc/nowhere/selkies.sock"}, refused),
]
