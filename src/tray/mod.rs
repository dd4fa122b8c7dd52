//! The tray icon. Not built yet: the program says so and fails.

/// What the program says until there is a tray icon.
pub const NOT_YET: &str =
    "The tray icon is not part of this version yet. Control the desktop's services with desktopctl.";
