//! The pages, in the order of the sidebar. What is not in here does not work yet and is not shown.

use strum::{EnumIter, EnumString, IntoStaticStr};

/// A page of the sidebar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, EnumIter, EnumString, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Page {
    /// Is everything all right?
    #[default]
    Overview,
    /// What one sees of the desktop from outside.
    Stream,
    /// How one gets in.
    Remote,
    /// What computes and draws.
    Gpu,
    /// Which CUDA runs here.
    Cuda,
    /// What the desktop is made of.
    Services,
    /// What this user likes.
    Preferences,
}

impl Page {
    /// Its name on the command line and in the settings.
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// Its title for people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Stream => "Stream",
            Self::Remote => "Remote access",
            Self::Gpu => "GPU",
            Self::Cuda => "CUDA",
            Self::Services => "Services",
            Self::Preferences => "Preferences",
        }
    }

    /// Of the icon theme.
    pub(super) fn icon(self) -> &'static str {
        match self {
            Self::Overview => "go-home-symbolic",
            // Our own monitor: some themes colour theirs.
            Self::Stream => "io.github.desktop_control.DesktopControl-symbolic",
            Self::Remote => "network-workgroup-symbolic",
            Self::Gpu => "io.github.desktop_control.gpu-symbolic",
            Self::Cuda => "io.github.desktop_control.cuda-symbolic",
            Self::Services => "view-list-symbolic",
            Self::Preferences => "preferences-system-symbolic",
        }
    }
}
