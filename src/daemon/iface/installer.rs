//! `/cuda`, the other half: what installs and removes toolkits.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use zbus::message::Header;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, interface};

use super::{Call, Ground, Options, flag, path_of, typed};
use crate::api::installer::{AvailableInfo, PlanInfo, RepositoryInfo};
use crate::api::{Error, action};
use crate::daemon::install::{SUBCOMMAND, describe_repository, reset_repository, set_repository};
use crate::host::apt::ask_installer;
use crate::model::cuda::{
    Candidate, CompatUse, ForwardPackage, Machine, Ranked, Release, Report, Tables, ToolkitVersion, Verdict,
    compat_use, rank,
};
use crate::model::install::event::{Available, Failure, Plan};
use crate::model::install::journal::Request;
use crate::model::install::mirror::Mirror;
use crate::model::install::profile::{Extra, Profile};
use crate::model::text::{capitalised, quoted};

/// See [`crate::api::proxy::InstallerProxy`].
#[derive(Debug)]
pub(crate) struct InstallerObject {
    pub(crate) ground: Ground,
}

impl InstallerObject {
    async fn authorise(&self, call: Call<'_>) -> Result<u32, Error> {
        let caller = self.ground.authority.check(call.connection, call.header, action::INSTALL_SOFTWARE).await?;
        Ok(caller.uid)
    }

    /// Asks an installer; one that is at work on a job would keep it waiting.
    async fn ask<T: DeserializeOwned>(&self, task: &str, request: Option<&Request>) -> Result<T, Error> {
        self.ground.jobs.check_installer_free()?;
        let broken = |error: &dyn std::fmt::Display| {
            Error::Internal(format!("The installer does not answer as it should ({error}). Try again."))
        };
        let request = request.map(serde_json::to_string).transpose().map_err(|error| broken(&error))?;
        let asked = ask_installer(&[SUBCOMMAND, task], &request.unwrap_or_default()).await;
        let (good, text) = asked.map_err(|error| broken(&error))?;
        if good {
            return serde_json::from_str(&text).map_err(|error| broken(&error));
        }
        let failure: Failure = serde_json::from_str(&text).map_err(|error| broken(&error))?;
        Err(Error::named(&failure.name, failure.message))
    }

    /// Refuses where forward compatibility is of no use.
    fn compat_request(&self, release: &str) -> Result<Request, Error> {
        let release = parse_release(release)?;
        let report = self.ground.store.cuda();
        let Some(machine) = &report.machine else {
            return Err(Error::Unsupported(UNSEEN.into()));
        };
        match use_of_compat(&report, machine, release) {
            CompatUse::Useful | CompatUse::Maybe => Ok(Request::EnableCompat { release }),
            CompatUse::NoGpu => Err(Error::NoDriver(
                "There is no GPU here, and so no driver that forward compatibility could stand in for. `desktopctl gpu` \
                 says why."
                    .into(),
            )),
            CompatUse::Useless(why) => Err(Error::Unsupported(format!("{}.", capitalised(&why)))),
        }
    }

    async fn begin(&self, call: Call<'_>, request: Result<Request, Error>) -> Result<OwnedObjectPath, Error> {
        let uid = self.authorise(call).await?;
        path_of(Some(self.ground.jobs.begin_install(request?, uid)?))
    }
}

#[interface(name = "io.github.desktop_control.Control1.Installer")]
impl InstallerObject {
    /// What the repository has now, best first. Keys of each: release, version (s); profiles, extras (as); compat-driver
    /// (s, absent where there is no such package); verdict, verdict-reason (s); recommended (b). The extra
    /// forward-compatibility is left out where it is of no use. The repository is added to apt where it is not there yet,
    /// and its lists are fetched anew, so it may take minutes. Needs install-software, as all that follow but
    /// DescribeRepository.
    async fn list_available(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<Vec<AvailableInfo>, Error> {
        self.authorise(Call { connection, header: &header }).await?;
        let available: Vec<Available> = self.ask("available", None).await?;
        let report = self.ground.store.cuda();
        let candidates: Vec<Candidate> = available.iter().map(|one| Candidate::new(one.version)).collect();
        let Some(machine) = &report.machine else {
            return Ok(available.iter().rev().map(|one| info(one, None)).collect());
        };
        let ranked = rank(Tables::bundled(), machine, &candidates);
        let told = |ranked: &Ranked| {
            let one = &available[ranked.index];
            let mut info = info(one, Some(ranked));
            if !use_of_compat(&report, machine, one.release).is_offered() {
                info.extras.retain(|extra| *extra != Extra::ForwardCompatibility.to_string());
            }
            info
        };
        Ok(ranked.iter().map(told).collect())
    }

    /// What installing a toolkit would do, worked out by apt itself. Profile is runtime, compiler, development or full;
    /// the option extras (as) names cudnn, nccl, forward-compatibility. Keys: install (a(sss): name, version now, version
    /// then), remove (as), download-bytes, installed-bytes (t), space (a(stt): folder, bytes free, bytes needed),
    /// repository, licence (s). Refused with DriverPackage or WouldRemove where it would touch the driver or remove
    /// anything.
    async fn plan(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        release: String,
        profile: String,
        options: Options,
    ) -> Result<PlanInfo, Error> {
        self.authorise(Call { connection, header: &header }).await?;
        let request = install_request(&release, &profile, &options)?;
        Ok(plan_info(self.ask("plan", Some(&request)).await?))
    }

    /// What EnableCompat would do, as Plan, and refused where that is.
    async fn plan_compat(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        release: String,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<PlanInfo, Error> {
        self.authorise(Call { connection, header: &header }).await?;
        let request = self.compat_request(&release)?;
        Ok(plan_info(self.ask("plan", Some(&request)).await?))
    }

    /// What removing a toolkit would do, as Plan.
    async fn plan_removal(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        release: String,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<PlanInfo, Error> {
        self.authorise(Call { connection, header: &header }).await?;
        let request = Request::Remove { release: parse_release(&release)? };
        Ok(plan_info(self.ask("plan", Some(&request)).await?))
    }

    /// Installs a toolkit; arguments as Plan. The first toolkit becomes the default, a later one with the option default
    /// (b). Either all of its packages are installed in the end, or none. Refused with Busy while another such job is
    /// at work, as all that follow.
    async fn install(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        release: String,
        profile: String,
        options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let request = install_request(&release, &profile, &options);
        self.begin(Call { connection, header: &header }, request).await
    }

    /// Removes all packages of a toolkit, and nothing else; the job fails with WouldRemove where something needs them.
    async fn remove(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        release: String,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let request = parse_release(&release).map(|release| Request::Remove { release });
        self.begin(Call { connection, header: &header }, request).await
    }

    /// Makes an installed toolkit the default: /usr/local/cuda, the loader, shells and desktop sessions that begin later.
    /// It stays so when start scripts of the image choose another one.
    async fn set_default(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        release: String,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let request = parse_release(&release).map(|release| Request::SetDefault { release });
        self.begin(Call { connection, header: &header }, request).await
    }

    /// Installs a toolkit's forward compatibility libraries, with which a program can use a newer CUDA than the driver
    /// runs; the toolkit need not be there. A program gets them by LD_LIBRARY_PATH, and no other does: with them CUDA
    /// cannot share memory with OpenGL and Vulkan. Refused with NoDriver without a GPU, and with Unsupported and the
    /// reason where they are of no use: the driver runs that CUDA itself, or they are not made for it or for these GPUs.
    async fn enable_compat(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        release: String,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let request = self.compat_request(&release);
        self.begin(Call { connection, header: &header }, request).await
    }

    /// Tries an installed toolkit: its compiler, the loader, and a kernel where there is a GPU. The job's log says what was
    /// checked, what came out, and what could not be checked.
    async fn verify(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        release: String,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        let request = parse_release(&release).map(|release| Request::Verify { release });
        self.begin(Call { connection, header: &header }, request).await
    }

    /// Puts right what an interrupted installation has left; the job is skipped where there is nothing.
    async fn repair(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<OwnedObjectPath, Error> {
        self.begin(Call { connection, header: &header }, Ok(Request::Repair)).await
    }

    /// Where packages come from. Keys: url; kind (s: nvidia for one of NVIDIA's own, mirror for another one); origin (s:
    /// default if nobody has chosen it, configuration, set); entry (s, the file of apt's that names it; absent where none
    /// does yet); key (s, where its key is, a path or a URL; absent where it was handed over and is not needed yet);
    /// fingerprints (as, of the keys whose signature is taken); problem (s, why it cannot be used and what to do; absent
    /// where nothing is wrong). Nothing is fetched. For everybody.
    async fn describe_repository(
        &self,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<RepositoryInfo, Error> {
        describe_repository(&self.ground.root).await.map_err(|failure| Error::named(&failure.name, failure.message))
    }

    /// Has packages come from a mirror from now on: a flat repository at this URL, signed by this key, or one of these.
    /// The key is the file itself, binary or armoured, 256 KiB at most; the option fingerprint (s) names the one that it
    /// must have. It goes before the configuration, whose file is left alone. Refused with Busy while the installer is
    /// at work.
    async fn set_repository(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        url: String,
        key: Vec<u8>,
        options: Options,
    ) -> Result<(), Error> {
        self.authorise(Call { connection, header: &header }).await?;
        let fingerprint = typed(&options, "fingerprint", String::new(), "a text (s)")?;
        let fingerprint = Some(fingerprint.as_str()).filter(|fingerprint| !fingerprint.is_empty());
        let mirror = Mirror::new(&url, key, fingerprint)
            .map_err(|error| Error::InvalidSetting(format!("{}.", capitalised(&error.to_string()))))?;
        self.ground.jobs.check_installer_free()?;
        set_repository(&self.ground.root, &mirror).map_err(|error| unwritten(&error))
    }

    /// Forgets the repository that was set: packages come from the one that the configuration names, or else from
    /// NVIDIA's own. Refused as SetRepository.
    async fn reset_repository(
        &self,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
        #[expect(unused_variables, reason = "for later versions")] options: Options,
    ) -> Result<(), Error> {
        self.authorise(Call { connection, header: &header }).await?;
        self.ground.jobs.check_installer_free()?;
        reset_repository(&self.ground.root).map_err(|error| unwritten(&error))
    }
}

fn unwritten(error: &std::io::Error) -> Error {
    let sentence = format!("The repository could not be changed ({error}), so the earlier one still holds.");
    if matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded) {
        return Error::NoSpace(format!("{sentence} Free some space, then try again."));
    }
    Error::Internal(format!("{sentence} Look whether /var/lib/desktop-control can be written to, then try again."))
}

/// `12.9`, or the whole version of one of its updates, which are the same packages.
fn parse_release(text: &str) -> Result<Release, Error> {
    let version: ToolkitVersion =
        text.parse().map_err(|error: crate::model::cuda::VersionError| Error::InvalidSetting(format!("{error}.")))?;
    Ok(version.release)
}

fn install_request(release: &str, profile: &str, options: &Options) -> Result<Request, Error> {
    let extras: Vec<String> = match options.get("extras") {
        None => Vec::new(),
        Some(value) => value
            .try_clone()
            .ok()
            .and_then(|value| value.try_into().ok())
            .ok_or_else(|| Error::InvalidSetting("The option “extras” must be a list of words (as).".into()))?,
    };
    Ok(Request::Install {
        release: parse_release(release)?,
        profile: word::<Profile>(profile, "profile", "runtime, compiler, development and full")?,
        extras: extras
            .iter()
            .map(|extra| word::<Extra>(extra, "extra", "cudnn, nccl and forward-compatibility"))
            .collect::<Result<_, _>>()?,
        default: flag(options, "default")?,
    })
}

fn word<T: FromStr>(text: &str, what: &str, all: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::InvalidSetting(format!("{} is no {what}. There are {all}.", quoted(text))))
}

const UNSEEN: &str = "Nobody has looked at this machine's driver yet. Ask again in a moment.";

/// Libraries that are installed have been tried, and that decides.
fn use_of_compat(report: &Report, machine: &Machine, release: Release) -> CompatUse {
    let installed = report.forward.iter().find(|forward| forward.release == release);
    let package = ForwardPackage { note: None, trial: installed.and_then(|forward| forward.works) };
    compat_use(Tables::bundled(), machine, release, &package)
}

fn info(available: &Available, ranked: Option<&Ranked>) -> AvailableInfo {
    AvailableInfo {
        release: available.release.to_string(),
        version: available.version.to_string(),
        profiles: available.profiles.iter().map(ToString::to_string).collect(),
        extras: available.extras.iter().map(ToString::to_string).collect(),
        compat_driver: Some(available.compat_driver.clone()).filter(|driver| !driver.is_empty()),
        verdict: ranked.map_or(Verdict::Unknown, |ranked| ranked.advice.verdict).to_string(),
        verdict_reason: ranked.map_or_else(|| UNSEEN.to_owned(), |ranked| ranked.advice.reason.clone()),
        recommended: ranked.is_some_and(|ranked| ranked.recommended),
    }
}

fn plan_info(plan: Plan) -> PlanInfo {
    let install = plan.install.into_iter().map(|change| (change.name, change.from.unwrap_or_default(), change.to));
    let space = plan.space.into_iter().map(|space| (space.folder, space.free_bytes, space.needed_bytes));
    PlanInfo {
        install: install.collect(),
        remove: plan.remove,
        download_bytes: plan.download_bytes,
        installed_bytes: plan.installed_bytes,
        space: space.collect(),
        repository: plan.repository,
        licence: plan.licence,
    }
}
