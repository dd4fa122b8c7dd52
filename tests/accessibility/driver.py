"""A window as assistive programs see it (AT-SPI), driven by a test: a command per line on standard
input, a list in JSON; an answer per line on standard output, {"ok": …} or {"error": "…"}. Runs inside
the stack as the desktop user and ends with standard input.

["application", NAME]        waits for this program and its window; all else is about them. Comes first
["tree"]                     everything that is there to be seen
["find", ROLE, NAME]         waits until something of this role and name is there, and tells it
["gone", ROLE, NAME]         waits until nothing of this role and name is there any more
["click", ROLE, NAME]        waits for it and clicks it
["text", ROLE, NAME]         waits for it and tells its text
["type", ROLE, NAME, TEXT]   waits for it and gives it this text
["press", KEY]               waits until a window has the keyboard and presses a key there, by xdotool's name
["tab"]                      presses Tab and tells what has the keyboard then, which must be something else
["reach", ROLE, NAME]        waits for it and presses Tab until it has the keyboard
["focused"]                  what has the keyboard, or null
["actionables"]              what Tab should stop at

ROLE and NAME may be "" for any; a NAME that ends with * is the beginning of one.
"""

import json
import subprocess
import sys
import time
import warnings

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi, GLib  # noqa: E402

# The old names of calls are the only ones that Debian 12 knows.
warnings.simplefilter("ignore")

# Generous: what is waited for takes a fraction of this on two busy cores.
DEADLINE = 60
# What has not moved for so long stays where it is.
STILL = 0.1
STATES = ("active", "checked", "enabled", "expanded", "focusable", "focused", "modal", "pressed", "selected", "sensitive", "visible")
CLICKS = ("click", "activate", "press", "toggle", "jump")
# They hold what can be acted on, and are called focusable themselves.
CONTAINERS = ("application", "frame", "dialog", "list", "scroll pane", "panel", "filler", "table", "tree")
# What is inside belongs to it: Tab stops once.
WHOLES = ("entry", "text", "spin button")
WINDOW_BUTTONS = ("Minimize", "Maximize", "Restore", "Close")
TABS = 300
# Nobody knows whether what was asked then was done all the same.
UNANSWERED = ("timed out", "timeout", "did not receive a reply", "noreply")


class Refused(Exception):
    """What the test asked for cannot be done; the message says why."""


def has(accessible, state):
    return accessible.get_state_set().contains(getattr(Atspi.StateType, state.upper()))


def is_focused(accessible):
    """What has gone is not."""
    try:
        return has(accessible, "focused")
    except GLib.Error:
        return False


def name_of(accessible):
    """GTK 4.8 calls a button with a mnemonic by its label with and without the underline: "_Stop Stop"."""
    name = accessible.get_name() or ""
    half = len(name.replace("_", "")) // 2
    last = name[len(name) - half :]
    return last if half and name.replace("_", "") == f"{last} {last}" else name


def bounds_of(accessible):
    if accessible.get_component_iface() is None:
        return None
    box = accessible.get_extents(Atspi.CoordType.WINDOW)
    return [box.x, box.y, box.width, box.height]


def actions_of(accessible):
    action = accessible.get_action_iface()
    try:
        return [action.get_action_name(i) for i in range(action.get_n_actions())] if action else []
    except GLib.Error:
        # It has them while it is sensitive.
        return []


def told(accessible, above=()):
    """What a test is told of it."""
    panes = [each for each in above if each.get_role_name() == "scroll pane"]
    return {
        "id": accessible.path,
        "role": accessible.get_role_name(),
        "name": name_of(accessible),
        "description": accessible.get_description() or "",
        "states": [state for state in STATES if has(accessible, state)],
        "bounds": bounds_of(accessible),
        "panes": [[each.path, bounds_of(each)] for each in panes],
        "actions": actions_of(accessible),
    }


def is_there(accessible):
    """GTK 4.8 says of nothing but windows whether it is shown; what is folded away has no size."""
    bounds = bounds_of(accessible)
    return has(accessible, "visible") and (bounds is None or (bounds[2] > 0 and bounds[3] > 0))


def below(accessible, above=()):
    """It and all below it that is there to be seen, each with what it is in. What goes meanwhile is left
    out."""
    try:
        if accessible.get_role() != Atspi.Role.APPLICATION:
            if not is_there(accessible):
                return
            yield accessible, above
        children = [accessible.get_child_at_index(i) for i in range(accessible.get_child_count())]
    except GLib.Error:
        return
    for child in children:
        if child is not None:
            yield from below(child, (*above, accessible))


def is_meant(accessible, role, name):
    own = name_of(accessible)
    named = own.startswith(name[:-1]) if name.endswith("*") else name in ("", own)
    return named and role in ("", accessible.get_role_name())


def waited_for(what, look):
    """The first result of `look` that is not None."""
    deadline = time.monotonic() + DEADLINE
    while True:
        # By its main loop the library hears what has come and gone.
        while GLib.MainContext.default().iteration(False):
            pass
        try:
            found = look()
        except GLib.Error:
            # It went while it was looked at.
            found = None
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise Refused(f"waited {DEADLINE} s in vain for {what}")
        time.sleep(0.05)


def xdotool(*words):
    done = subprocess.run(["xdotool", *map(str, words)], capture_output=True, text=True, timeout=DEADLINE, check=False)
    if done.returncode:
        raise Refused(f"xdotool {words}: {done.stderr.strip()}")
    return done.stdout


def active_window():
    """Waits for it: a window is on the screen a moment before the window manager says that it is the active one."""

    def look():
        try:
            return xdotool("getactivewindow").strip()
        except Refused:
            return None

    return waited_for("an active window", look)


def is_stop(accessible, above):
    """Whether Tab should stop at it."""
    role = accessible.get_role_name()
    if role in CONTAINERS or not (has(accessible, "focusable") and has(accessible, "sensitive")):
        return False
    roles = [each.get_role_name() for each in above]
    if any(each in WHOLES for each in roles):
        return False
    # Of those that exclude each other the one that is chosen is the stop; arrows choose another one.
    if role == "radio button" and not has(accessible, "checked"):
        return False
    # The value that a row to choose from shows is a list of one.
    if role == "list item" and "combo box" in roles:
        return False
    # The window's own buttons are the window manager's to press: by Alt+F4, say.
    if name_of(accessible) in WINDOW_BUTTONS and (accessible.get_description() or "").endswith(" the window"):
        return False
    # A row that unfolds is a row inside a row, and the inner one is the stop.
    inner = (accessible.get_child_at_index(i) for i in range(accessible.get_child_count()))
    return not (role == "list item" and any(holds_list(each) for each in inner))


def holds_list(accessible):
    children = [accessible.get_child_at_index(i) for i in range(accessible.get_child_count())]
    return accessible.get_role_name() == "list" or any(each.get_role_name() == "list" for each in children if each)


class Window:
    def __init__(self, name):
        def look():
            desktop = Atspi.get_desktop(0)
            children = (desktop.get_child_at_index(i) for i in range(desktop.get_child_count()))
            found = next((child for child in children if child is not None and child.get_name() == name), None)
            # A program is there before its window is.
            return found if found and next(below(found), None) else None

        self.root = waited_for(f"the program {name}", look)
        # What a test is told is how it is now.
        self.root.set_cache_mask(Atspi.Cache.NONE)

    def matches(self, role, name):
        return (each for each, _ in below(self.root) if is_meant(each, role, name))

    def wait_for(self, role, name):
        return waited_for(f"{role or 'anything'} {name!r}", lambda: next(self.matches(role, name), None))

    def tree(self):
        return [told(each) for each, _ in below(self.root)]

    def find(self, role, name):
        return told(self.wait_for(role, name))

    def gone(self, role, name):
        def look():
            return None if next(self.matches(role, name), None) else True

        return waited_for(f"the end of {role or 'anything'} {name!r}", look)

    def click(self, role, name):
        def look():
            accessible = next(self.matches(role, name), None)
            if accessible is None or not has(accessible, "sensitive"):
                return None
            before = told(accessible)
            chosen = next((before["actions"].index(click) for click in CLICKS if click in before["actions"]), None)
            if chosen is None:
                self.click_with_the_mouse(accessible)
                return before
            try:
                return before if accessible.get_action_iface().do_action(chosen) else None
            except GLib.Error as error:
                if any(word in error.message.lower() for word in UNANSWERED):
                    raise Refused(f"{role} {name!r} does not answer a click: {error.message}") from error
                # Another one has taken its place.
                return None

        return waited_for(f"{role or 'anything'} {name!r}, which can be clicked", look)

    def click_with_the_mouse(self, accessible):
        """For rows, which GTK 4.8 gives no action."""
        if not self.is_in_view(accessible):
            self.reach_it(accessible)

        def moved():
            """Where it was moved to, once it has stood there for a while."""
            place = self.place_of(accessible)
            xdotool("mousemove", "--window", *place)
            time.sleep(STILL)
            return place if self.place_of(accessible) == place else None

        waited_for(f"{name_of(accessible)!r} at rest", moved)
        xdotool("click", 1)

    def place_of(self, accessible):
        """A window of the X server's, and where to click in there."""
        left, top, width, height = bounds_of(accessible)
        window = active_window()
        shell = dict(line.split("=") for line in xdotool("getwindowgeometry", "--shell", window).split())
        around = bounds_of(self.front())
        # What the window draws around itself is the same on all sides.
        border = (int(shell["WIDTH"]) - around[2]) // 2
        # Not in the middle: what stands there or at the end may be a control of its own.
        return window, left + border + min(width // 4, 40), top + border + height // 2

    def is_in_view(self, accessible):
        above = next((above for each, above in below(self.root) if each.path == accessible.path), ())
        _, top, _, height = bounds_of(accessible)
        panes = [bounds_of(each) for each in above if each.get_role_name() in ("scroll pane", "frame", "dialog")]
        return all(pane[1] <= top + height // 2 <= pane[1] + pane[3] for pane in panes)

    def text(self, role, name):
        accessible = self.wait_for(role, name)
        text = accessible.get_text_iface()
        # GTK 4.8 tells the text of labels as their name only.
        return text.get_text(0, text.get_character_count()) if text and text.get_character_count() else name_of(accessible)

    def type(self, role, name, text):
        editable = self.wait_for(role, name).get_editable_text_iface()
        if editable is None or not editable.set_text_contents(text):
            raise Refused(f"{role} {name!r} takes no text")
        return True

    def press(self, key):
        waited_for("the keyboard in the window in front", lambda: True if self.front_has_keyboard() else None)
        xdotool("key", key)
        return True

    def front_has_keyboard(self):
        """GTK 4.8 says of no dialog that it is active, but of the window below that it is not any more."""
        front = self.front()
        active = [each.path for each in self.windows() if has(each, "active")]
        return active == [front.path] or (has(front, "modal") and not active)

    def tab(self):
        return told(self.go_on(self.holder()))

    def go_on(self, before, likely=()):
        """Presses Tab: what has the keyboard then instead of `before`. It is looked for among the likely ones first: to
        look at a whole page takes long."""
        self.press("Tab")

        def look():
            if before is not None and is_focused(before):
                return None
            return next((each for each in likely if is_focused(each)), None) or self.holder()

        was = name_of(before) if before is not None else "nothing"
        return waited_for(f"something else than {was!r} to have the keyboard after Tab", look)

    def reach(self, role, name):
        return self.reach_it(self.wait_for(role, name))

    def reach_it(self, accessible):
        stops = [each for each, above in below(self.front()) if is_stop(each, above)]
        holder = self.holder()
        for _ in range(TABS):
            if has(accessible, "focused"):
                return told(accessible)
            holder = self.go_on(holder, stops)
            at = next((at for at, stop in enumerate(stops) if stop.path == holder.path), -1)
            stops = stops[at + 1 :] + stops[: at + 1]
        raise Refused(f"{name_of(accessible)!r} has not got the keyboard after {TABS} times Tab")

    def windows(self):
        windows = (self.root.get_child_at_index(i) for i in range(self.root.get_child_count()))
        return [each for each in windows if each is not None]

    def front(self):
        """The window that takes keys and clicks: a modal dialog goes before the rest, then what is active."""
        windows = self.windows()
        modal = next((each for each in reversed(windows) if has(each, "modal")), None)
        return modal or next((each for each in windows if has(each, "active")), windows[0])

    def holder(self):
        return next((each for each, _ in below(self.front()) if has(each, "focused")), None)

    def focused(self):
        holder = self.holder()
        return told(holder) if holder is not None else None

    def actionables(self):
        return [told(each, above) for each, above in below(self.front()) if is_stop(each, above)]


COMMANDS = ("tree", "find", "gone", "click", "text", "type", "press", "tab", "reach", "focused", "actionables")


def obey(window, command, rest):
    if command not in COMMANDS:
        raise Refused(f"there is no command {command}")
    if window is None:
        raise Refused("name the application first")
    return getattr(window, command)(*rest)


def main():
    window = None
    for line in sys.stdin:
        try:
            command, *rest = json.loads(line)
            if command == "application":
                window = Window(*rest)
                answer = {"ok": True}
            else:
                answer = {"ok": obey(window, command, rest)}
        except Exception as error:  # Whatever it is, the test is told.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


main()
