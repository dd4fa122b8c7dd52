//! The settings window. Not built yet: the program says so and fails.

/// What the program says until there is a window.
pub const NOT_YET: &str =
    "The settings window is not part of this version yet. Control the desktop's services with desktopctl.";
