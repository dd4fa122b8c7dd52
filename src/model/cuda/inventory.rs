//! Which toolkits this machine has, from texts that the host read: `version.json`, the answer of `nvcc --version`, and
//! dpkg's list.
//!
//! For the version they are believed in this order, since a folder can be renamed and a package can hold another
//! version than its name says. For the parts it is dpkg's list first: `version.json` names what was built, which is
//! not always what is there.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

use super::component::{Component, Components, Extent};
use super::elsewhere::{self, Elsewhere};
use super::package::{self, Given, Package, PackageState};
use super::version::{Release, ToolkitVersion};
use super::version_file::{self, VersionFile};
use crate::model::text::{capitalised, quoted};

/// What is known of the compiler in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NvccAnswer<'a> {
    /// There is no `bin/nvcc`.
    Absent,
    /// It is there, but could not be run.
    Silent,
    /// What it wrote.
    Wrote(&'a str),
}

/// One folder that may hold a toolkit.
#[derive(Clone, Copy, Debug)]
pub struct Folder<'a> {
    /// Its absolute path without links, such as `/usr/local/cuda-12.9`.
    pub path: &'a str,
    /// The text of its `version.json`; `None` if there is none.
    pub version_json: Option<&'a str>,
    /// What its compiler answers to `--version`.
    pub nvcc: NvccAnswer<'a>,
}

/// All that the host found.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// Folders `/usr/local/cuda-*`, and `/usr/local/cuda` where it is no link.
    pub folders: &'a [Folder<'a>],
    /// The text of `/var/lib/dpkg/status`.
    pub dpkg_status: &'a str,
    /// Where `/usr/local/cuda` leads in the end; `None` if it does not exist.
    pub default_target: Option<&'a str>,
    /// Files that speak of a toolkit of conda's or of a Python environment; see [`Elsewhere`].
    pub markers: &'a [&'a str],
}

/// Who told a version. The tokens are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Display, EnumString, IntoStaticStr, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum VersionSource {
    /// `version.json` in the folder.
    VersionJson,
    /// The compiler.
    Nvcc,
    /// The packages that dpkg lists.
    Packages,
}

/// A toolkit on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolkit {
    /// Its version.
    pub version: ToolkitVersion,
    /// Who told the version.
    pub version_from: VersionSource,
    /// The folder that it is in.
    pub path: String,
    /// Its parts, and what is installed beside it for all toolkits of its kind.
    pub components: Components,
    /// `/usr/local/cuda` leads to it.
    pub default: bool,
    /// It was installed by packages, so packages can remove it.
    pub by_packages: bool,
    /// What is wrong with it, one sentence each.
    pub problems: Vec<String>,
}

impl Toolkit {
    /// What it is good for.
    #[must_use]
    pub fn extent(&self) -> Extent {
        self.components.extent(self.version.release)
    }
}

/// All toolkits of this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Toolkits in folders of their own, newest first.
    pub toolkits: Vec<Toolkit>,
    /// The forward compatibility packages that are installed, newest first.
    pub forward: Vec<Release>,
    /// Toolkits that others look after: they are mentioned, never touched.
    pub elsewhere: Vec<Elsewhere>,
    /// What is wrong with no single toolkit, one sentence each.
    pub problems: Vec<String>,
}

/// A package of CUDA's, and what it gives.
type Listed<'a> = (Package<'a>, Given);

impl Inventory {
    /// Puts together what the sources say.
    #[must_use]
    pub fn take(sources: &Sources) -> Self {
        let packages: Vec<Listed> = package::installed_packages(sources.dpkg_status)
            .filter_map(|package| package.gives().map(|given| (package, given)))
            .collect();
        let mut inventory = Self { elsewhere: elsewhere::found(sources), ..Self::default() };
        for folder in sources.folders {
            match toolkit(folder, &packages, sources.default_target) {
                Ok(toolkit) => inventory.toolkits.push(toolkit),
                Err(Empty::Forward) => {}
                Err(Empty::Nothing) => inventory.problems.push(format!(
                    "{} holds no toolkit: no version.json, no compiler and no package tells a version.",
                    quoted(folder.path)
                )),
            }
        }
        inventory.toolkits.sort_by(|a, b| b.version.cmp(&a.version).then_with(|| a.path.cmp(&b.path)));
        inventory.forward = forward(&packages);
        inventory.problems.extend(lost_folders(sources, &packages));
        inventory.problems.extend(default_problem(sources, &inventory.toolkits));
        inventory
    }
}

/// Why a folder is no toolkit.
enum Empty {
    /// It only holds a forward compatibility package.
    Forward,
    Nothing,
}

fn toolkit(folder: &Folder, packages: &[Listed], default: Option<&str>) -> Result<Toolkit, Empty> {
    let (file, compiler, mut problems) = read(folder);
    let named = named_release(folder.path).or(file.as_ref().map(|file| file.version.release)).or(compiler);
    let own: Vec<&Listed> =
        packages.iter().filter(|(_, given)| named.is_some() && release_of(*given) == named).collect();
    let by_packages = own.iter().any(|(_, given)| !is_forward(*given));
    let told = [
        (VersionSource::VersionJson, file.as_ref().map(|file| file.version)),
        (VersionSource::Nvcc, compiler.map(ToolkitVersion::from)),
        (VersionSource::Packages, version_of_packages(&own).filter(|_| by_packages)),
    ];
    let Some((version_from, mut version)) = told.iter().find_map(|(source, version)| Some((*source, (*version)?)))
    else {
        return Err(if own.is_empty() { Empty::Nothing } else { Empty::Forward });
    };
    let mut same_release = told.iter().filter_map(|(_, told)| *told).filter(|told| told.release == version.release);
    version.update = same_release.find_map(|told| told.update);
    problems.extend(told.iter().filter_map(|(source, told)| disagreement(version_from, version, *source, *told)));
    problems.extend(own.iter().filter_map(|(package, _)| broken(package)));
    let listed = file.filter(|_| !by_packages).map(|file| file.components).unwrap_or_default();
    Ok(Toolkit {
        components: components(listed, &own, folder.nvcc, version.release, packages),
        version,
        version_from,
        path: folder.path.to_owned(),
        default: default.is_some_and(|target| target.trim_end_matches('/') == folder.path),
        by_packages,
        problems,
    })
}

/// What the folder itself tells, and what is wrong with that.
fn read(folder: &Folder) -> (Option<VersionFile>, Option<Release>, Vec<String>) {
    let (path, mut problems) = (quoted(folder.path), Vec::new());
    let file = match folder.version_json.map(version_file::parse).transpose() {
        Ok(file) => file,
        Err(error) => {
            problems.push(format!("The version.json in {path} cannot be used: {error}."));
            None
        }
    };
    let compiler = match folder.nvcc {
        NvccAnswer::Absent => None,
        NvccAnswer::Silent => {
            problems.push(format!("The compiler in {path} cannot be run."));
            None
        }
        NvccAnswer::Wrote(answer) => {
            let release = nvcc_release(answer);
            if release.is_none() {
                problems.push(format!("The compiler in {path} does not tell its version."));
            }
            release
        }
    };
    (file, compiler, problems)
}

/// The parts: `listed` is what `version.json` names, where no packages know better.
fn components(
    listed: Components,
    own: &[&Listed],
    nvcc: NvccAnswer,
    release: Release,
    packages: &[Listed],
) -> Components {
    let mut components = listed;
    let installed = |package: &Package| package.state == PackageState::Installed;
    for (package, given) in own.iter().filter(|(package, _)| installed(package)) {
        if let Given::Part { component, run, build, .. } = *given {
            components.add(component, package.upstream(), run, build);
        }
    }
    match nvcc {
        NvccAnswer::Absent => {
            components.0.remove(&Component::Compiler);
        }
        NvccAnswer::Silent => {}
        NvccAnswer::Wrote(answer) => {
            components.add(Component::Compiler, nvcc_build(answer).unwrap_or_default(), false, true);
        }
    }
    for (package, given) in packages.iter().filter(|(package, _)| installed(package)) {
        if let Given::Extra { component, major, run, build } = *given
            && major == release.major
        {
            components.add(component, package.upstream(), run, build);
        }
    }
    components
}

/// `Cuda compilation tools, release 13.0, V13.0.88`
fn nvcc_release(answer: &str) -> Option<Release> {
    let (_, rest) = answer.split_once(", release ")?;
    rest.split(',').next()?.trim().parse().ok()
}

/// The compiler's own version in the same line.
fn nvcc_build(answer: &str) -> Option<&str> {
    let build = answer.split_once(", V")?.1.split_whitespace().next()?;
    build.bytes().all(|b| b.is_ascii_digit() || b == b'.').then_some(build)
}

/// The release in the name of a folder.
fn named_release(path: &str) -> Option<Release> {
    path.rsplit('/').next()?.strip_prefix("cuda-")?.parse().ok()
}

fn release_of(given: Given) -> Option<Release> {
    match given {
        Given::Part { release, .. } | Given::Other { release } => Some(release),
        Given::Extra { .. } => None,
    }
}

fn is_forward(given: Given) -> bool {
    matches!(given, Given::Part { component: Component::ForwardCompatibility, .. })
}

/// Collections of packages are versioned as the toolkit is; its parts are not.
const COLLECTIONS: [&str; 5] =
    ["cuda-toolkit-", "cuda-libraries-", "cuda-minimal-build-", "cuda-compiler-", "cuda-command-line-tools-"];

fn version_of_packages(own: &[&Listed]) -> Option<ToolkitVersion> {
    let release = own.iter().find_map(|(_, given)| release_of(*given))?;
    let collection = |package: &Package| COLLECTIONS.iter().any(|start| package.name.starts_with(start));
    let versions = own.iter().filter(|(package, _)| collection(package)).filter_map(|(package, _)| {
        let version: ToolkitVersion = package.upstream().parse().ok()?;
        (version.release == release).then_some(version)
    });
    Some(versions.max().unwrap_or_else(|| release.into()))
}

fn disagreement(
    believed: VersionSource,
    version: ToolkitVersion,
    source: VersionSource,
    told: Option<ToolkitVersion>,
) -> Option<String> {
    let told = told.filter(|told| told.release != version.release)?.release;
    let name = |source| match source {
        VersionSource::VersionJson => "version.json",
        VersionSource::Nvcc => "the compiler",
        VersionSource::Packages => "the package list",
    };
    Some(format!(
        "{} says CUDA {}, {} says {told}: the folder holds more than one version; install it anew.",
        begins_sentence(name(believed)),
        version.release,
        name(source)
    ))
}

/// A file is called as it is.
fn begins_sentence(text: &str) -> String {
    if text.contains('.') { text.to_owned() } else { capitalised(text) }
}

fn broken(package: &Package) -> Option<String> {
    let PackageState::Broken(state) = package.state else { return None };
    Some(format!(
        "The package {} is not completely installed ({state}); repair it with “desktopctl cuda repair”.",
        quoted(package.name)
    ))
}

fn forward(packages: &[Listed]) -> Vec<Release> {
    let usable = packages.iter().filter(|(package, _)| package.state == PackageState::Installed);
    let mut releases: Vec<_> =
        usable.filter(|(_, given)| is_forward(*given)).filter_map(|(_, given)| release_of(*given)).collect();
    releases.sort_unstable_by(|a, b| b.cmp(a));
    releases
}

/// Releases whose packages are installed while their folder is gone.
fn lost_folders(sources: &Sources, packages: &[Listed]) -> Vec<String> {
    let mut releases: Vec<_> = packages
        .iter()
        .filter(|(_, given)| matches!(given, Given::Part { .. }) && !is_forward(*given))
        .filter_map(|(_, given)| release_of(*given))
        .filter(|release| !sources.folders.iter().any(|folder| named_release(folder.path) == Some(*release)))
        .collect();
    releases.sort_unstable();
    releases.dedup();
    let sentence = |release: Release| {
        format!(
            "Packages of CUDA {release} are installed, but /usr/local/cuda-{release} is missing; remove or reinstall them."
        )
    };
    releases.into_iter().map(sentence).collect()
}

fn default_problem(sources: &Sources, toolkits: &[Toolkit]) -> Option<String> {
    if toolkits.is_empty() || toolkits.iter().any(|toolkit| toolkit.default) {
        return None;
    }
    Some(match sources.default_target {
        None => "/usr/local/cuda is missing, so no toolkit is the default; choose one.".into(),
        Some(target) => {
            format!("/usr/local/cuda leads to {}, where no toolkit is; choose another default.", quoted(target))
        }
    })
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
mod tests;
