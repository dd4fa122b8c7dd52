//! What apt would do, read from its own simulation, and whether it may.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::driver_package::{Sign, is_driver_name, sign_in_file};
use super::listing::Listing;
use super::profile::Wanted;

/// A package that would be installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// Its name, with an architecture where that is not the machine's own.
    pub name: String,
    /// The version that is installed now.
    pub from: Option<String>,
    /// The version that would be.
    pub to: String,
}

/// What apt would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// What it would install, in its order.
    pub install: Vec<Change>,
    /// What it would remove.
    pub remove: Vec<String>,
}

/// A package to be fetched: what `--print-uris` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetch {
    /// The file in the folder of archives.
    pub file: String,
    /// Bytes.
    pub size: u64,
}

/// Why a transaction must not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It would install a part of the driver.
    #[error("{package} is never installed here: {sign}. The driver belongs to the host; installing one breaks the GPU")]
    Driver {
        /// The package.
        package: String,
        /// How that is known.
        sign: Sign,
    },
    /// Something depends on a part of the driver, which our pin hides.
    #[error("this needs {0}, which is part of the driver and never installed here")]
    NeedsDriver(String),
    /// It would remove something.
    #[error("apt would remove {}; nothing was changed", .0.join(", "))]
    Removal(Vec<String>),
    /// What was downloaded is not what apt had planned.
    #[error("the downloaded packages are not those that were planned ({0}); nothing was changed")]
    Unexpected(String),
}

impl Transaction {
    /// Reads the output of `apt-get -s`.
    #[must_use]
    pub fn parse(output: &str) -> Self {
        let mut found = Self::default();
        for line in output.lines() {
            let mut words = line.split(' ');
            match (words.next(), words.next()) {
                (Some("Inst"), Some(name)) => {
                    let rest =
                        line.split_once(' ').and_then(|(_, rest)| rest.split_once(' ')).map_or("", |(_, rest)| rest);
                    let from = rest.strip_prefix('[').and_then(|rest| rest.split(']').next()).map(str::to_owned);
                    let to =
                        rest.split_once('(').and_then(|(_, rest)| rest.split([' ', ')']).next()).unwrap_or_default();
                    found.install.push(Change { name: name.to_owned(), from, to: to.to_owned() });
                }
                (Some("Remv" | "Purg"), Some(name)) => found.remove.push(name.to_owned()),
                _ => {}
            }
        }
        found
    }

    /// The names of those that are not installed yet.
    #[must_use]
    pub fn new_packages(&self) -> Vec<String> {
        self.install.iter().filter(|change| change.from.is_none()).map(|change| change.name.clone()).collect()
    }

    /// The first and the second layer of the gate: the names that apt itself would install, and what the repository's
    /// lists say of them. Nothing may be removed.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn check(&self, listing: &Listing) -> Result<(), Refusal> {
        for change in &self.install {
            let bare = change.name.split(':').next().unwrap_or_default();
            let described = listing.version(bare, &change.to).and_then(|offered| offered.driver.clone());
            let sign = if is_driver_name(bare) { Some(Sign::Name) } else { described };
            if let Some(sign) = sign {
                return Err(Refusal::Driver { package: change.name.clone(), sign });
            }
        }
        if self.remove.is_empty() { Ok(()) } else { Err(Refusal::Removal(self.remove.clone())) }
    }
}

/// Refuses names of drivers before apt hears of them.
///
/// # Errors
/// See [`Refusal`].
pub fn check_names(wanted: &[Wanted]) -> Result<(), Refusal> {
    match wanted.iter().find(|wanted| is_driver_name(&wanted.name)) {
        Some(wanted) => Err(Refusal::Driver { package: wanted.name.clone(), sign: Sign::Name }),
        None => Ok(()),
    }
}

/// Reads the output of `apt-get --print-uris -qq`: `'URL' FILE SIZE HASH`.
#[must_use]
pub fn fetches(output: &str) -> Vec<Fetch> {
    let fetch = |line: &str| {
        let (_, rest) = line.strip_prefix('\'')?.split_once("' ")?;
        let mut words = rest.split(' ');
        Some(Fetch { file: words.next()?.to_owned(), size: words.next()?.parse().ok()? })
    };
    output.lines().filter_map(fetch).collect()
}

/// A package that lies on the disk, looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Its own word for its name.
    pub name: String,
    /// And for its version.
    pub version: String,
    /// What its own description gives away.
    pub sign: Option<Sign>,
    /// The files that it brings.
    pub files: Vec<String>,
}

/// The third layer of the gate: the very files that dpkg is about to be given. They have to be those of the
/// transaction, none more and none fewer, and none of their files may be the driver's or stand where the host has put
/// something (`injected`: paths that are mounts).
///
/// # Errors
/// See [`Refusal`].
pub fn check_archives(
    transaction: &Transaction,
    archives: &[Archive],
    injected: &BTreeSet<String>,
) -> Result<(), Refusal> {
    let bare = |name: &str| name.split(':').next().unwrap_or_default().to_owned();
    let planned: BTreeMap<String, &str> =
        transaction.install.iter().map(|change| (bare(&change.name), change.to.as_str())).collect();
    for archive in archives {
        let package = || archive.name.clone();
        if planned.get(&archive.name) != Some(&archive.version.as_str()) {
            return Err(Refusal::Unexpected(format!("{} {}", archive.name, archive.version)));
        }
        if let Some(sign) = &archive.sign {
            return Err(Refusal::Driver { package: package(), sign: sign.clone() });
        }
        for file in &archive.files {
            let path = format!("/{}", file.trim_start_matches("./").trim_start_matches('/'));
            let over = injected.contains(&path).then_some(Sign::Injected(path));
            if let Some(sign) = sign_in_file(file).or(over) {
                return Err(Refusal::Driver { package: package(), sign });
            }
        }
    }
    let missing = planned.keys().find(|name| archives.iter().all(|archive| archive.name != **name));
    missing.map_or(Ok(()), |name| Err(Refusal::Unexpected(format!("{name} is missing"))))
}

/// Removing may take what was computed, and nothing else; and it installs nothing.
///
/// # Errors
/// See [`Refusal`].
pub fn check_removal(transaction: &Transaction, computed: &BTreeSet<String>) -> Result<(), Refusal> {
    if let Some(change) = transaction.install.first() {
        return Err(Refusal::Unexpected(format!("apt would install {}", change.name)));
    }
    let bare = |name: &String| name.split(':').next().unwrap_or_default().to_owned();
    let others: Vec<String> =
        transaction.remove.iter().filter(|name| !computed.contains(&bare(name))).cloned().collect();
    if others.is_empty() { Ok(()) } else { Err(Refusal::Removal(others)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIMULATED: &str = "NOTE: This is only a simulation!\nReading package lists...\n\
        Inst cuda-toolkit-12-config-common [12.8.90-1] (12.9.79-1 NVIDIA CUDA:12.9 [all])\n\
        Inst cuda-nvcc-12-9 (12.9.86-1 NVIDIA CUDA [amd64]) []\nInst libc6:i386 (2.36-9 Debian:12/stable [i386])\n\
        Conf cuda-nvcc-12-9 (12.9.86-1 NVIDIA CUDA [amd64])\n";

    fn change(name: &str, to: &str) -> Change {
        Change { name: name.into(), from: None, to: to.into() }
    }

    fn archive(name: &str, version: &str, files: &[&str]) -> Archive {
        let files = files.iter().map(|file| (*file).to_owned()).collect();
        Archive { name: name.into(), version: version.into(), sign: None, files }
    }

    #[test]
    fn a_simulation_is_read_whole() {
        let found = Transaction::parse(SIMULATED);
        assert_eq!(found.install.len(), 3);
        assert_eq!(found.install[0].from.as_deref(), Some("12.8.90-1"));
        assert_eq!(found.install[1], change("cuda-nvcc-12-9", "12.9.86-1"));
        assert_eq!(found.new_packages(), ["cuda-nvcc-12-9", "libc6:i386"]);
        assert_eq!(found.check(&Listing::default()), Ok(()));
    }

    #[test]
    fn drivers_and_removals_do_not_pass() {
        let refused = |line: &str| Transaction::parse(&format!("{SIMULATED}{line}\n")).check(&Listing::default());
        assert!(matches!(refused("Inst cuda-drivers (575 NVIDIA)"), Err(Refusal::Driver { .. })));
        assert!(matches!(refused("Inst libnvidia-compute-575:i386 (575 NVIDIA)"), Err(Refusal::Driver { .. })));
        assert_eq!(refused("Remv gcc [12]"), Err(Refusal::Removal(vec!["gcc".into()])));
        assert_eq!(refused("Purg gcc [12]"), Err(Refusal::Removal(vec!["gcc".into()])));
        let mut listing = Listing::default();
        listing.add("Package: gpu-stack\nVersion: 1\nProvides: nvidia-driver\n");
        let renamed = Transaction::parse("Inst gpu-stack (1 NVIDIA)").check(&listing);
        assert!(matches!(renamed, Err(Refusal::Driver { sign: Sign::Stands(_), .. })), "{renamed:?}");
        let wanted = Wanted { name: "cuda".into(), version: "1".into() };
        assert!(check_names(&[wanted]).is_err());
    }

    #[test]
    fn only_what_was_planned_reaches_dpkg() {
        let planned = Transaction { install: vec![change("a", "1"), change("b:amd64", "2")], remove: vec![] };
        let check =
            |archives: &[Archive]| check_archives(&planned, archives, &BTreeSet::from(["/usr/lib/x.so".into()]));
        let good = [archive("a", "1", &["usr/local/cuda-12.9/bin/nvcc"]), archive("b", "2", &[])];
        assert_eq!(check(&good), Ok(()));
        assert!(matches!(check(&good[..1]), Err(Refusal::Unexpected(_))));
        assert!(matches!(check(&[&good[..], &[archive("c", "1", &[])]].concat()), Err(Refusal::Unexpected(_))));
        assert!(matches!(check(&[good[0].clone(), archive("b", "3", &[])]), Err(Refusal::Unexpected(_))));
        let driver = [good[0].clone(), archive("b", "2", &["./usr/lib/x86_64-linux-gnu/libcuda.so.1"])];
        assert!(matches!(check(&driver), Err(Refusal::Driver { sign: Sign::File(_), .. })));
        let mounted = [good[0].clone(), archive("b", "2", &["./usr/lib/x.so"])];
        assert!(matches!(check(&mounted), Err(Refusal::Driver { sign: Sign::Injected(_), .. })));
    }

    #[test]
    fn fetches_are_counted_in_bytes() {
        let output = "'http://127.0.0.1:1/./a_1_amd64.deb' a_1_amd64.deb 1234 SHA256:abc\nnoise\n'x' b 5 \n";
        let found = fetches(output);
        assert_eq!(found, [Fetch { file: "a_1_amd64.deb".into(), size: 1234 }, Fetch { file: "b".into(), size: 5 }]);
    }

    #[test]
    fn a_removal_takes_no_more_than_was_computed() {
        let computed = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        let check = |text: &str| check_removal(&Transaction::parse(text), &computed);
        assert_eq!(check("Purg a [1]\nPurg b:amd64 [1]"), Ok(()));
        assert_eq!(check("Remv a [1]\nRemv desktop [1]"), Err(Refusal::Removal(vec!["desktop".into()])));
        assert!(check("Remv a [1]\nInst c (1 x)").is_err());
    }
}
