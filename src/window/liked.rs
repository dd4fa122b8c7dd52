//! What the person likes, as far as the window obeys it and writes it down.

use std::io;

use adw::prelude::*;
use libadwaita as adw;

use super::page::Page;
use super::pages::preferences::Edit;
use crate::client::preferences::{ColourScheme, Preferences, PreferencesFile, Window};

/// Where it is written; nowhere for who has no home.
#[derive(Debug)]
pub(super) struct Liked(Option<PreferencesFile>);

impl Liked {
    /// Reads the file and obeys it. Also what it says, and what is wrong with it.
    pub(super) fn read(file: io::Result<PreferencesFile>) -> (Self, Preferences, Option<String>) {
        let (file, liked, complaint) = match file.map(|file| (file.load(), file)) {
            Ok((Ok(liked), file)) => (Some(file), liked, None),
            Ok((Err(complaint), file)) => (Some(file), Preferences::default(), Some(complaint)),
            Err(error) => (None, Preferences::default(), Some(format!("Nothing can be remembered here: {error}."))),
        };
        colour(liked.colour_scheme);
        (Self(file), liked, complaint)
    }

    /// Makes a choice; why it will not last, if it will not.
    pub(super) fn prefer(&self, edit: Edit) -> Option<String> {
        match self.0.as_ref()?.change(|all| edit.apply(all)) {
            Ok(all) => {
                colour(all.colour_scheme);
                None
            }
            Err(error) => Some(format!("Your choice could not be saved: {error}. It holds until you close this.")),
        }
    }

    /// Writes down how the window was left.
    pub(super) fn remember(&self, window: &adw::ApplicationWindow, page: Page) {
        let Some(file) = &self.0 else { return };
        let (width, height) = window.default_size();
        let saved = file.change(|all| {
            all.window = Window { width, height, maximized: window.is_maximized(), page: page.name().into() };
        });
        if let Err(error) = saved {
            tracing::warn!(%error, "how the window was left is not remembered");
        }
    }
}

/// Opens the window as it was left.
pub(super) fn restore(window: &adw::ApplicationWindow, left: &Window) {
    window.set_default_size(left.width, left.height);
    window.set_maximized(left.maximized);
}

fn colour(scheme: ColourScheme) {
    adw::StyleManager::default().set_color_scheme(match scheme {
        ColourScheme::System => adw::ColorScheme::Default,
        ColourScheme::Light => adw::ColorScheme::ForceLight,
        ColourScheme::Dark => adw::ColorScheme::ForceDark,
    });
}
