//! The window's command line.

use std::ffi::OsString;

use libadwaita as adw;
use relm4::gtk::gio::prelude::ActionGroupExt;
use relm4::gtk::prelude::ToVariant;
use strum::IntoEnumIterator;

use super::page::Page;
use crate::model::command_line::{self, Error, Instead, Word};

const HELP: &str = "\
Shows how this desktop does, and controls its services. A second start brings the window that is open to the front

Usage: desktop-control [--page NAME | --service NAME]

Options:
      --page NAME     Open this page: overview, stream, remote, gpu, cuda, services or preferences
      --service NAME  Open the page of this service, by supervisord's name
  -h, --help          Print help
  -V, --version       Print version
";

/// What it is to show.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Arguments {
    page: Option<Page>,
    service: Option<String>,
}

impl Arguments {
    /// The first word is the program's own name.
    pub(super) fn read(words: &[OsString]) -> Result<Self, Instead> {
        let mut found = Self::default();
        command_line::read("desktop-control", HELP, words, |word, rest| {
            match word {
                Word::Option(name) if name == "page" => found.page = Some(page(&rest.value()?)?),
                Word::Option(name) if name == "service" => {
                    found.service = Some(rest.value()?.to_string_lossy().into_owned());
                }
                // How the session bus starts it: without a window until it is asked for one.
                Word::Option(name) if name == "gapplication-service" => {}
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        if found.page.is_some() && found.service.is_some() {
            return Err(Instead::refused(HELP, &"--page and --service do not go together".into()));
        }
        Ok(found)
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

fn page(name: &OsString) -> Result<Page, Error> {
    let name = name.to_string_lossy();
    name.parse().map_err(|_| {
        let known: Vec<&str> = Page::iter().map(Page::name).collect();
        Error::from(format!("there is no page '{name}'; there are {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, Instead> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Arguments::read(&words)
    }

    #[test]
    fn every_page_can_be_asked_for_and_help_names_it() {
        for page in Page::iter() {
            let wished = Arguments { page: Some(page), service: None };
            assert_eq!(read(&format!("desktop-control --page {}", page.name())), Ok(wished));
            assert!(HELP.contains(page.name()), "{page:?}");
        }
        let wished = Arguments { page: None, service: Some("x-server".into()) };
        assert_eq!(read("desktop-control --service=x-server"), Ok(wished));
        assert_eq!(read("desktop-control --gapplication-service"), Ok(Arguments::default()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in ["--page", "--page nowhere", "--page gpu --service selkies", "gpu", "--pages"] {
            assert!(read(&format!("desktop-control {line}")).is_err(), "{line}");
        }
    }
}
