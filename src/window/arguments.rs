//! The window's command line.

use std::ffi::OsString;

use clap::Parser;
use libadwaita as adw;
use relm4::gtk::gio::prelude::ActionGroupExt;
use relm4::gtk::prelude::ToVariant;

use super::page::Page;

/// Shows how this desktop does, and controls its services.
///
/// A second start brings the window that is open to the front.
#[derive(Debug, Parser)]
#[command(name = "desktop-control", version, max_term_width = 100)]
pub(super) struct Arguments {
    /// Open this page
    #[arg(long, value_name = "NAME")]
    page: Option<Page>,
    /// Open the page of this service, by supervisord's name
    #[arg(long, value_name = "NAME", conflicts_with = "page")]
    service: Option<String>,
    /// How the session bus starts it: without a window until it is asked for one
    #[arg(long, hide = true)]
    gapplication_service: bool,
}

impl Arguments {
    /// The first word is the program's own name.
    pub(super) fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        Self::try_parse_from(words)
    }

    /// Does in the open window what is wished.
    pub(super) fn obey(&self, application: &adw::Application) {
        if let Some(page) = self.page {
            application.activate_action("page", Some(&page.name().to_variant()));
        }
        if let Some(service) = &self.service {
            application.activate_action("service", Some(&service.to_variant()));
        }
    }
}
