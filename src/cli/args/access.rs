//! `desktopctl access` as it is defined.

use clap::Subcommand;

/// What to do with the ways in.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Access {
    /// List the ways into this desktop: whether they work, where they are, how to use them from elsewhere
    Show,
    /// Open and close quick tunnels, where the platform offers them
    ///
    /// A quick tunnel gives a page of this machine an address that anybody can reach, until it is closed. The page's
    /// own login, if it has one, is then all that protects it.
    Tunnel {
        /// What to do
        #[command(subcommand)]
        command: Tunnel,
    },
}

/// What to do with a quick tunnel.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Tunnel {
    /// Open one, and write its address
    Start {
        /// `browser`, `browser-vnc`, or an address as `desktopctl --json access` lists it under `target`
        way: String,
    },
    /// Close one
    Stop {
        /// As above, or the target of any open tunnel
        way: String,
    },
}
