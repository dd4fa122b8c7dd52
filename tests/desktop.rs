//! What a person sees: Plasma in the browser, by the stream and by VNC, and it hears mouse and keys.

#![expect(clippy::expect_used, reason = "tests")]

mod support;

use support::browser::{Browser, Picture};
use support::{Boot, DEADLINE, Stack, shared, wait_until};

/// What the browser's page, and so the display, measures.
const WIDTH: usize = 1280;
const HEIGHT: usize = 720;
/// Plasma's panel stands at the bottom. Its lowest rows only: its height is a matter of versions.
const PANEL: std::ops::Range<usize> = HEIGHT - 36..HEIGHT;
const WALLPAPER: std::ops::Range<usize> = 0..HEIGHT - 60;
/// noVNC's handle lies over what is left of this.
const RIGHT_OF_HANDLE: std::ops::Range<usize> = 80..WIDTH;
/// Some of what the start menu covers.
const START_MENU: (std::ops::Range<usize>, std::ops::Range<usize>) = (100..500, HEIGHT - 400..HEIGHT - 100);
/// Ours is the first of the tray; behind it stand the keyboard, an arrow, the clock and the button for the desktop.
const TRAY_ICON: (usize, usize) = (WIDTH - 209, HEIGHT - 23);
/// Video is lossy. Another wallpaper, a window or a missing panel lie many times as far apart.
const ALIKE: usize = 6;

fn boot() -> Boot {
    Boot { desktop: "plasma", ..Boot::default() }
}

fn stream(stack: &Stack) -> Browser {
    stack.wait_for_health("selkies", "ok");
    Browser::open(&format!("http://localhost:{}/", stack.info("SELKIES_PORT")))
}

/// Runs a shell command inside, as the desktop user in the session. Its standard output.
fn in_session(stack: &Stack, script: &str) -> String {
    let output = stack.command_as("user", &["bash", "-c", script]).output().expect("enter");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The geometry of Plasma's panel: left, top, width, height.
fn panel(stack: &Stack) -> Option<[usize; 4]> {
    let found = in_session(
        stack,
        "for window in $(xdotool search --onlyvisible --class plasmashell); do
             xprop -id $window _NET_WM_WINDOW_TYPE | grep -q _NET_WM_WINDOW_TYPE_DOCK || continue
             eval $(xdotool getwindowgeometry --shell $window)
             echo $X $Y $WIDTH $HEIGHT
         done",
    );
    let numbers: Vec<usize> = found.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().ok()
}

/// Plasma's own windows that can be seen, but for the panel and hints: the desktop, and what opens over it.
fn large_windows_of_plasma(stack: &Stack) -> usize {
    let script = "for window in $(xdotool search --onlyvisible --class plasmashell); do
             eval $(xdotool getwindowgeometry --shell $window)
             ((WIDTH < 300 || HEIGHT < 300)) || echo $window
         done";
    in_session(stack, script).lines().count()
}

/// Waits until Plasma is there in the size of the browser's page, and nothing has changed for two looks.
fn wait_for_plasma(stack: &Stack) {
    let wanted = |[left, top, width, height]: [usize; 4]| {
        left == 0 && width == WIDTH && top + height == HEIGHT && (20..100).contains(&height)
    };
    wait_until(
        DEADLINE,
        || format!("the panel spans the display; it is {:?}", panel(stack)),
        || panel(stack).filter(|panel| wanted(*panel)),
    );
    let mut last = None;
    wait_until(
        DEADLINE,
        || "the display stands still".into(),
        || {
            let now = Picture::of_display(stack, "display");
            let still = last.replace(now.clone()).is_some_and(|last: Picture| {
                (last.width, last.height) == (WIDTH, HEIGHT) && last.difference(&now, 0..WIDTH, 0..HEIGHT) == 0
            });
            still.then_some(())
        },
    );
}

/// Waits until the browser shows what the display shows, panel and wallpaper each.
fn wait_until_alike(stack: &Stack, browser: &mut Browser, name: &str) -> Picture {
    let mut apart = (0, 0);
    let alike = || {
        let display = Picture::of_display(stack, &format!("{name}-display"));
        let seen = browser.picture(name);
        apart =
            (seen.difference(&display, RIGHT_OF_HANDLE, PANEL), seen.difference(&display, RIGHT_OF_HANDLE, WALLPAPER));
        (apart.0 <= ALIKE && apart.1 <= ALIKE).then_some(seen)
    };
    wait_until(DEADLINE, || format!("the browser shows the display, see {name}.png"), alike)
}

/// A window full of one colour inside, for as long as this lives.
struct ColouredWindow<'a>(&'a Stack);

impl<'a> ColouredWindow<'a> {
    fn open(stack: &'a Stack, colour: &str) -> Self {
        let options = format!("-bg '{colour}' -fg '{colour}' -bd '{colour}' -geometry 900x500");
        in_session(
            stack,
            &format!("setsid xmessage {options} colour >/dev/null 2>&1 & xdotool search --sync --class xmessage"),
        );
        Self(stack)
    }
}

impl Drop for ColouredWindow<'_> {
    fn drop(&mut self) {
        in_session(self.0, "xdotool search --class xmessage windowkill %@");
    }
}

#[test]
fn the_browser_shows_plasma() {
    let stack = shared(boot);
    let mut browser = stream(&stack);
    wait_for_plasma(&stack);
    let seen = wait_until_alike(&stack, &mut browser, "stream");
    assert!(seen.colours(0..WIDTH, PANEL) > 50, "the panel has icons and a clock");
    assert!(seen.colours(0..WIDTH, WALLPAPER) > 500, "the wallpaper is a picture");
    let apart = seen.difference(&Picture::of_display(&stack, "display"), RIGHT_OF_HANDLE, WALLPAPER);
    let window = ColouredWindow::open(&stack, "#ff00ff");
    let changed = Picture::of_display(&stack, "display-with-window").difference(&seen, RIGHT_OF_HANDLE, WALLPAPER);
    assert!(changed > 4 * ALIKE && changed > apart, "a window would have been noticed: {changed}, without {apart}");
    drop(window);
}

#[test]
fn the_picture_comes_back_by_itself_when_the_stream_is_restarted() {
    const MAGENTA: [u8; 3] = [255, 0, 255];
    let stack = shared(boot);
    let mut browser = stream(&stack);
    wait_for_plasma(&stack);
    let before = wait_until_alike(&stack, &mut browser, "before-restart");
    assert_eq!(before.percent_of(MAGENTA), 0);
    let old = stack.pid_of("selkies");
    stack.ctl_ok(&["services", "restart", "selkies"]);
    assert_ne!(stack.pid_of("selkies"), old);
    // Opened only now, so that no frame of the old stream can show it.
    let _window = ColouredWindow::open(&stack, "#ff00ff");
    wait_until(
        DEADLINE,
        || "the browser shows the new window, see after-restart.png".into(),
        || (browser.picture("after-restart").percent_of(MAGENTA) > 20).then_some(()),
    );
}

/// noVNC's page, with this password given to it.
fn vnc(stack: &Stack, password: &str) -> Browser {
    stack.wait_for_health("novnc", "ok");
    let port = stack.info("NOVNC_PORT");
    Browser::open(&format!("http://localhost:{port}/vnc.html?autoconnect=true&resize=scale&password={password}"))
}

#[test]
fn vnc_in_the_browser_shows_the_same_picture() {
    let stack = shared(boot);
    // The stream's page gives the display its size.
    let _stream = stream(&stack);
    wait_for_plasma(&stack);
    let mut browser = vnc(&stack, &stack.shell("cat /var/lib/desktop-control/vnc-password"));
    wait_until_alike(&stack, &mut browser, "vnc");
}

#[test]
fn vnc_in_the_browser_shows_nothing_without_the_password() {
    let stack = shared(boot);
    let _stream = stream(&stack);
    wait_for_plasma(&stack);
    let mut browser = vnc(&stack, "wrong");
    browser.tell("find password check failed");
    let (seen, display) = (browser.picture("vnc-refused"), Picture::of_display(&stack, "vnc-refused-display"));
    for part in [PANEL, WALLPAPER] {
        let apart = seen.difference(&display, RIGHT_OF_HANDLE, part);
        assert!(apart > 4 * ALIKE, "none of the desktop is shown, see vnc-refused.png: {apart}");
    }
}

/// The settings window's place on the display: left, top, width and height.
fn settings_window(stack: &Stack) -> Option<[usize; 4]> {
    let script = "eval $(xdotool search --onlyvisible --name '^Desktop Control$' getwindowgeometry --shell); \
                  echo $X $Y $WIDTH $HEIGHT";
    let numbers: Vec<usize> = in_session(stack, script).split(' ').filter_map(|word| word.parse().ok()).collect();
    numbers.try_into().ok()
}

#[test]
fn a_click_on_the_tray_icon_in_the_browser_opens_the_window_and_another_one_closes_it() {
    let stack = shared(boot);
    let mut browser = stream(&stack);
    wait_for_plasma(&stack);
    let registered = "busctl --user get-property org.kde.StatusNotifierWatcher /StatusNotifierWatcher \
                      org.kde.StatusNotifierWatcher RegisteredStatusNotifierItems";
    wait_until(
        DEADLINE,
        || "the tray icon is registered".into(),
        || in_session(&stack, registered).contains("StatusNotifierItem").then_some(()),
    );
    let before = wait_until_alike(&stack, &mut browser, "before-tray-click");
    assert_eq!(settings_window(&stack), None);
    browser.tell(&format!("click {} {}", TRAY_ICON.0, TRAY_ICON.1));
    let [left, top, width, height] = wait_until(DEADLINE, || "the window is open".into(), || settings_window(&stack));
    wait_until(
        DEADLINE,
        || "the browser shows the window, see settings-window.png".into(),
        || {
            let seen = browser.picture("settings-window");
            (seen.difference(&before, left..left + width, top..(top + height).min(HEIGHT)) > 4 * ALIKE).then_some(())
        },
    );
    browser.tell(&format!("click {} {}", TRAY_ICON.0, TRAY_ICON.1));
    wait_until(DEADLINE, || "the window is closed".into(), || settings_window(&stack).is_none().then_some(()));
}

#[test]
fn nothing_locks_the_screen_or_switches_the_machine_off() {
    let stack = shared(boot);
    let _stream = stream(&stack);
    wait_for_plasma(&stack);
    // Asked to lock, by the bus and by the key, it stays open.
    in_session(
        &stack,
        "gdbus call --session --timeout 10 --dest org.freedesktop.ScreenSaver --object-path /ScreenSaver \
             --method org.freedesktop.ScreenSaver.Lock
         xdotool key Super+l; sleep 3",
    );
    let locker = in_session(&stack, "pgrep -u user -x kscreenlocker_g || true");
    assert_eq!(locker, "", "a screen locker is at work");
    let idle = in_session(&stack, "kreadconfig5 --file kscreenlockerrc --group Daemon --key Timeout --default 5");
    assert_eq!(idle, "0", "it would lock after so many minutes");
    let blanking = in_session(&stack, "xset q | grep -oE 'timeout: +[0-9]+|DPMS is Enabled'");
    assert_eq!(blanking.split_whitespace().collect::<Vec<_>>(), ["timeout:", "0"], "the screen goes blank");
    for method in ["PowerOff", "Reboot", "Suspend"] {
        let refused = stack.shell(&format!(
            "gdbus call --system --timeout 10 --dest org.freedesktop.login1 --object-path /org/freedesktop/login1 \
                 --method org.freedesktop.login1.Manager.{method} false 2>&1 || true"
        ));
        assert!(refused.contains("AccessDenied"), "{method}: {refused}");
    }
}

#[test]
fn a_click_and_a_key_in_the_browser_reach_the_desktop() {
    let stack = shared(boot);
    let mut browser = stream(&stack);
    wait_for_plasma(&stack);
    let before = wait_until_alike(&stack, &mut browser, "before-click");
    assert_eq!(large_windows_of_plasma(&stack), 1, "the desktop");
    // The start menu's button is the first of the panel.
    browser.tell(&format!("click 22 {}", HEIGHT - 22));
    let opened = || (large_windows_of_plasma(&stack) == 2).then_some(());
    wait_until(DEADLINE, || "the start menu is open".into(), opened);
    wait_until(
        DEADLINE,
        || "the browser shows the start menu, see start-menu.png".into(),
        || (browser.picture("start-menu").difference(&before, START_MENU.0, START_MENU.1) > 4 * ALIKE).then_some(()),
    );
    browser.tell("press Escape");
    let closed = || (large_windows_of_plasma(&stack) == 1).then_some(());
    wait_until(DEADLINE, || "the start menu is closed".into(), closed);
    wait_until(
        DEADLINE,
        || "the browser shows it closed, see menu-closed.png".into(),
        || (browser.picture("menu-closed").difference(&before, START_MENU.0, START_MENU.1) <= ALIKE).then_some(()),
    );
}
