//! `desktopctl vnc` as it is defined.

use clap::{Args, Subcommand, ValueEnum};

use crate::client::VncChange;

/// What to do with VNC.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Vnc {
    /// Show whether VNC works, how to connect, and who is connected
    Show,
    /// Turn the VNC server on, now and for every start
    Enable,
    /// Turn the VNC server off, now and for every start
    Disable {
        #[command(flatten)]
        force: Force,
    },
    /// Choose from where viewers can connect; restarts the server
    Exposure {
        /// From where
        exposure: Exposure,
        #[command(flatten)]
        force: Force,
    },
    /// Set the password; restarts the server
    ///
    /// It is asked for, or read from standard input: everyone on the machine can read a command line. VNC looks at its
    /// first 8 characters only.
    Password {
        /// Have one made up instead
        #[arg(long)]
        generate: bool,
    },
    /// Show the password
    ShowPassword,
    /// Let viewers look only, or look and touch; restarts the server
    ViewOnly {
        /// Whether they can only look
        switch: Choice,
        #[command(flatten)]
        force: Force,
    },
    /// Let several viewers in at a time, or only the one who came last; restarts the server
    Shared {
        /// Whether there can be several
        switch: Choice,
    },
    /// Turn VNC in the browser on or off, now and for every start
    Web {
        /// Whether it is there
        switch: Choice,
        #[command(flatten)]
        force: Force,
    },
    /// Disconnect all viewers
    Disconnect,
}

/// How much it is wished.
#[derive(Args, Clone, Copy, Debug)]
pub(in crate::cli) struct Force {
    /// Also where that cuts a viewer off, or the last way in
    #[arg(long)]
    force: bool,
}

/// From where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Exposure {
    /// From this machine, so also through an SSH tunnel
    Local,
    /// From everywhere
    All,
}

/// On or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Choice {
    /// Yes
    On,
    /// No
    Off,
}

impl Vnc {
    /// For commands that change a setting: what, and whether by force. A password is not here.
    pub(in crate::cli) fn change(&self) -> Option<(VncChange, bool)> {
        let on = |choice: Choice| choice == Choice::On;
        Some(match *self {
            Self::Enable => (VncChange::Enabled(true), false),
            Self::Disable { force } => (VncChange::Enabled(false), force.force),
            Self::Exposure { exposure: Exposure::Local, force } => (VncChange::Exposure("local".into()), force.force),
            Self::Exposure { exposure: Exposure::All, force } => (VncChange::Exposure("all".into()), force.force),
            Self::Password { generate: true } => (VncChange::GeneratedPassword, false),
            Self::ViewOnly { switch, force } => (VncChange::ViewOnly(on(switch)), force.force),
            Self::Shared { switch } => (VncChange::Shared(on(switch)), false),
            Self::Web { switch, force } => (VncChange::Web(on(switch)), force.force),
            Self::Show | Self::Password { generate: false } | Self::ShowPassword | Self::Disconnect => return None,
        })
    }
}
