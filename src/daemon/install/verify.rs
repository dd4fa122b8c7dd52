//! Whether a toolkit works: what it says of itself, what the loader finds, and a kernel whose result is read back.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::stop::Stop;
use super::work::Work;
use crate::host::apt::{self, Scratch};
use crate::model::cuda::Release;
use crate::model::install::event::{Check, CheckVerdict};
use crate::model::install::progress::Phase;

/// A cold compiler on a busy machine.
const COMPILE: Duration = Duration::from_mins(3);
const RUN: Duration = Duration::from_mins(1);
const KERNEL: &str = include_str!("../../../data/cuda/verify.cu");
/// What the kernel computes and the program prints.
const ANSWER: &str = "42";

pub(super) fn check(what: &str, verdict: CheckVerdict, found: impl Into<String>) -> Check {
    Check { what: what.to_owned(), verdict, found: found.into() }
}

impl Work {
    /// Tries a toolkit. What cannot be tried is told as such, never as passed.
    pub(super) async fn verify(&mut self, release: Release) -> Result<Vec<Check>, Stop> {
        self.tell.enter(Phase::Verifying);
        let prefix = self.root.join(&format!("/usr/local/cuda-{release}"));
        let nvcc = prefix.join("bin/nvcc");
        let mut checks = Vec::new();
        if nvcc.exists() {
            checks.push(compiler(&nvcc, release).await?);
        } else {
            checks.push(check("nvcc --version", CheckVerdict::NotChecked, "there is no compiler in it"));
        }
        checks.push(loader(&prefix).await?);
        if nvcc.exists() {
            checks.extend(self.kernel(&nvcc).await?);
        }
        self.tell.checks(&checks);
        Ok(checks)
    }

    async fn kernel(&mut self, nvcc: &Path) -> Result<Vec<Check>, Stop> {
        const BUILD: &str = "a kernel is built";
        const RAN: &str = "the kernel runs and its result is read back";
        let not_run = |why: &str| check(RAN, CheckVerdict::NotChecked, why);
        let host_compiler = ["/usr/bin/g++", "/usr/bin/c++"].iter().any(|path| self.root.join(path).exists());
        if !host_compiler {
            let why = "there is no C++ compiler (install g++)";
            return Ok(vec![check(BUILD, CheckVerdict::NotChecked, why), not_run("nothing was built")]);
        }
        let scratch = Scratch::with(&self.root, "verify.cu", KERNEL)?;
        let folder = scratch.path();
        let (source, program) = (folder.join("verify.cu"), folder.join("verify"));
        let gpu = self.root.join("/dev/nvidiactl").exists();
        let mut arguments = vec!["-o".to_owned(), program.display().to_string(), source.display().to_string()];
        if gpu {
            arguments.push("-arch=native".into());
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.tell.say("building a kernel");
        let built = apt::ask_as_nobody(nvcc, &arguments, folder, COMPILE).await?;
        if !built.status.success() {
            let said = last_line(&built.everything());
            return Ok(vec![check(BUILD, CheckVerdict::Failed, said), not_run("nothing was built")]);
        }
        let built = check(BUILD, CheckVerdict::Passed, "verify.cu");
        if !gpu {
            return Ok(vec![built, not_run("there is no GPU here")]);
        }
        self.tell.say("running a kernel");
        let ran = apt::ask_as_nobody(&program, &[], folder, RUN).await?;
        let right = ran.status.success() && ran.text().trim() == ANSWER;
        let verdict = if right { CheckVerdict::Passed } else { CheckVerdict::Failed };
        Ok(vec![built, check(RAN, verdict, last_line(&ran.everything()))])
    }
}

async fn compiler(nvcc: &Path, release: Release) -> Result<Check, Stop> {
    let said = apt::ask_as_nobody(nvcc, &["--version"], Path::new("/"), RUN).await?;
    let text = said.text();
    let line = text.lines().find(|line| line.contains("release ")).unwrap_or_default().to_owned();
    let right = line.split("release ").nth(1).and_then(|rest| rest.split(',').next()) == Some(&release.to_string());
    Ok(check("nvcc --version", if right { CheckVerdict::Passed } else { CheckVerdict::Failed }, line))
}

/// Only where the toolkit has the library and is the default: the loader follows the default alone.
async fn loader(prefix: &Path) -> Result<Check, Stop> {
    const WHAT: &str = "the loader finds libcudart";
    let is_there = ["lib64", "targets/x86_64-linux/lib", "targets/sbsa-linux/lib"].iter().any(|place| {
        std::fs::read_dir(prefix.join(place)).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcudart.so"))
        })
    });
    if !is_there {
        return Ok(check(WHAT, CheckVerdict::NotChecked, "there is no libcudart in it"));
    }
    let default = PathBuf::from("/usr/local/cuda").canonicalize().ok();
    let real = prefix.canonicalize().unwrap_or_else(|_| prefix.to_owned());
    if default.as_deref() != Some(&real) {
        return Ok(check(WHAT, CheckVerdict::NotChecked, "another toolkit is the default"));
    }
    let found = apt::loader_finds("libcudart.so").await?;
    let ours = found.iter().find(|path| path.starts_with(&real));
    Ok(match (ours, found.first()) {
        (Some(path), _) => check(WHAT, CheckVerdict::Passed, path.display().to_string()),
        (None, Some(other)) => check(WHAT, CheckVerdict::Failed, format!("only {}", other.display())),
        (None, None) => check(WHAT, CheckVerdict::Failed, "it finds none"),
    })
}

fn last_line(text: &str) -> String {
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("it said nothing");
    line.chars().take(300).collect()
}
