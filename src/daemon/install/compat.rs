//! What comes after a toolkit's forward compatibility libraries: nothing is set up, and that is looked at.

use super::stop::Stop;
use super::verify::check;
use super::work::Work;
use crate::host::apt;
use crate::model::cuda::Release;
use crate::model::install::event::{CheckVerdict, Outcome};
use crate::model::install::progress::Phase;

const LIBRARY: &str = "libcuda.so.1";

impl Work {
    /// They are there, and no program gets them that does not ask.
    pub(super) async fn after_compat(&mut self, release: Release) -> Result<Outcome, Stop> {
        self.tell.enter(Phase::Verifying);
        let path = self.root.join(&format!("/usr/local/cuda-{release}/compat/{LIBRARY}"));
        let there = if path.exists() { CheckVerdict::Passed } else { CheckVerdict::Failed };
        apt::refresh_loader().await?;
        let found = apt::loader_finds(LIBRARY).await?;
        let led_astray = found.iter().find(|path| path.components().any(|part| part.as_os_str() == "compat"));
        let apart = match (led_astray, found.first()) {
            (Some(path), _) => (CheckVerdict::Failed, format!("the loader finds {}", path.display())),
            (None, Some(path)) => (CheckVerdict::Passed, format!("the loader finds {}", path.display())),
            (None, None) => (CheckVerdict::Passed, "the loader finds none".to_owned()),
        };
        let checks = vec![
            check("the libraries are there", there, path.display().to_string()),
            check("only programs that ask get them", apart.0, apart.1),
        ];
        self.tell.checks(&checks);
        self.archives.clear()?;
        Ok(Outcome::Done { checks })
    }
}
