//! The toolkits of this machine, as folders, dpkg's list and their compilers tell.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::markers::markers;
use crate::host::root::Root;
use crate::host::user_child::{self, Account, Question};
use crate::model::cuda::{
    Capability, DriverVersion, Folder, Inventory, NvccAnswer, Release, Sources, Tables, concerns_toolkits,
};

/// Where toolkits are installed.
pub(super) const PREFIX: &str = "/usr/local";
/// dpkg's list of packages.
const DPKG_STATUS: &str = "/var/lib/dpkg/status";
/// That of a desktop with everything has 5 MB.
const MOST_DPKG_STATUS: u64 = 64 * 1024 * 1024;
/// No machine has more toolkits.
const MOST_FOLDERS: usize = 64;
/// A compiler is run as nobody: whoever may write into its folder shall not run anything as root.
const NOBODY: Account = Account { uid: 65534, gid: 65534 };
/// So many links may lead to the default toolkit.
const MOST_LINKS: usize = 8;

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// The toolkits.
    pub inventory: Inventory,
    /// By a toolkit's folder: the GPUs that its own compiler names.
    pub named: BTreeMap<String, Vec<Capability>>,
    /// Forward compatibility libraries, and the CUDA that each brings.
    pub compat: Vec<(Release, String)>,
    /// Where `/usr/local/cuda` leads in the end.
    pub default_target: Option<String>,
    /// The first number of the system's gcc.
    pub gcc: Option<u16>,
    /// The host's driver, as the kernel tells it.
    pub driver: Option<DriverVersion>,
}

/// What one folder holds, but for what its compiler says.
#[derive(Debug)]
struct Held {
    path: String,
    version_json: Option<String>,
    compiler: Option<PathBuf>,
}

/// What a compiler says.
#[derive(Debug, Default)]
struct Compiler {
    version: Option<String>,
    named: Vec<Capability>,
}

/// Looks at everything. `workspace` is the folder in which people keep their environments.
pub async fn look(root: &Root, workspace: &str) -> Found {
    let (files, workspace) = (root.clone(), workspace.to_owned());
    let read = tokio::task::spawn_blocking(move || Files::read(&files, &workspace)).await;
    let Ok(files) = read else { return Found::default() };
    let mut compilers = Vec::new();
    for held in &files.held {
        compilers.push(match &held.compiler {
            Some(nvcc) => Some(ask(nvcc).await),
            None => None,
        });
    }
    let folders: Vec<Folder<'_>> =
        files.held.iter().zip(&compilers).map(|(held, said)| folder(held, said.as_ref())).collect();
    let markers: Vec<&str> = files.markers.iter().map(String::as_str).collect();
    let inventory = Inventory::take(&Sources {
        folders: &folders,
        dpkg_status: &files.dpkg_status,
        default_target: files.default_target.as_deref(),
        markers: &markers,
    });
    let named = |(held, said): (&Held, Option<Compiler>)| Some((held.path.clone(), said?.named));
    Found {
        inventory,
        named: files.held.iter().zip(compilers).filter_map(named).collect(),
        compat: files.compat,
        default_target: files.default_target,
        gcc: files.gcc,
        driver: files.driver,
    }
}

fn folder<'f>(held: &'f Held, said: Option<&'f Compiler>) -> Folder<'f> {
    let nvcc = match said {
        None => NvccAnswer::Absent,
        Some(Compiler { version: None, .. }) => NvccAnswer::Silent,
        Some(Compiler { version: Some(version), .. }) => NvccAnswer::Wrote(version),
    };
    Folder { path: &held.path, version_json: held.version_json.as_deref(), nvcc }
}

async fn ask(nvcc: &Path) -> Compiler {
    let Some(version) = run(nvcc, "--version").await else { return Compiler::default() };
    let named = run(nvcc, "--list-gpu-code").await.map(|listing| Capability::listed(&listing)).unwrap_or_default();
    Compiler { version: Some(version), named }
}

/// What the compiler writes; none where it cannot be run or fails.
async fn run(nvcc: &Path, argument: &str) -> Option<String> {
    let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
    let question = Question { program: nvcc, arguments: &[argument], environment: &environment, input: "" };
    let answer = user_child::ask(NOBODY, &question).await;
    let answer = answer.inspect_err(|error| tracing::warn!(nvcc = %nvcc.display(), %error, "a compiler is silent"));
    answer.ok().filter(|answer| answer.status.success()).map(|answer| String::from_utf8_lossy(&answer.output).into())
}

/// What files tell. Reading them blocks.
struct Files {
    held: Vec<Held>,
    dpkg_status: String,
    default_target: Option<String>,
    markers: Vec<String>,
    compat: Vec<(Release, String)>,
    gcc: Option<u16>,
    driver: Option<DriverVersion>,
}

impl Files {
    fn read(root: &Root, workspace: &str) -> Self {
        let paths = folders(root);
        let compat = |path: &String| {
            let library = format!("{path}/compat/{}", super::LIBRARY);
            let release = Tables::bundled().release_of_compat(&library)?;
            root.join(&library).exists().then_some((release, library))
        };
        let mut compat: Vec<_> = paths.iter().filter_map(compat).collect();
        compat.sort();
        Self {
            compat,
            held: paths.into_iter().map(|path| held(root, path)).collect(),
            dpkg_status: dpkg_status(root).unwrap_or_default(),
            default_target: end_of_links(root, &format!("{PREFIX}/cuda")),
            markers: markers(root, workspace),
            gcc: gcc(root),
            driver: driver(root),
        }
    }
}

/// The folders that may hold a toolkit, by name. Links lead to one of them, or out of here.
pub(super) fn folders(root: &Root) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(PREFIX)).into_iter().flatten().flatten();
    let is_one = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    let names = entries.filter(is_one).filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| name == "cuda" || name.starts_with("cuda-")).collect();
    names.sort();
    names.truncate(MOST_FOLDERS);
    names.into_iter().map(|name| format!("{PREFIX}/{name}")).collect()
}

fn held(root: &Root, path: String) -> Held {
    let compiler = root.join(&format!("{path}/bin/nvcc"));
    // One that cannot be read is there all the same, and is told to be of no use.
    let version_json = root.read(&format!("{path}/version.json")).unwrap_or_else(|_| Some(String::new()));
    Held { version_json, compiler: compiler.exists().then_some(compiler), path }
}

/// Where a path leads when all links of its last part are followed; none if there is nothing at `path`.
pub(super) fn end_of_links(root: &Root, path: &str) -> Option<String> {
    let mut at = PathBuf::from(path);
    for _ in 0..MOST_LINKS {
        let inside = root.join(&at.to_string_lossy());
        match std::fs::read_link(&inside) {
            Ok(target) => at = at.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) if at == Path::new(path) && !inside.exists() => return None,
            Err(_) => break,
        }
    }
    let mut clean = PathBuf::new();
    for part in at.components() {
        match part {
            std::path::Component::ParentDir => drop(clean.pop()),
            std::path::Component::CurDir => {}
            other => clean.push(other),
        }
    }
    Some(clean.to_string_lossy().into_owned())
}

/// What of dpkg's list says something of toolkits. The whole of it is larger than the daemon.
fn dpkg_status(root: &Root) -> io::Result<String> {
    let mut lines = BufReader::new(File::open(root.join(DPKG_STATUS))?.take(MOST_DPKG_STATUS));
    let (mut kept, mut paragraph, mut line) = (String::new(), String::new(), Vec::new());
    loop {
        line.clear();
        let ended = lines.read_until(b'\n', &mut line)? == 0;
        if !ended && line != b"\n" {
            // Single bytes may be wrong in descriptions.
            paragraph.push_str(&String::from_utf8_lossy(&line));
            continue;
        }
        if concerns_toolkits(&paragraph) {
            kept.push_str(&paragraph);
            kept.push('\n');
        }
        paragraph.clear();
        if ended {
            return Ok(kept);
        }
    }
}

/// `/usr/bin/gcc` leads to `x86_64-linux-gnu-gcc-12`.
fn gcc(root: &Root) -> Option<u16> {
    end_of_links(root, "/usr/bin/gcc")?.rsplit_once("gcc-")?.1.parse().ok()
}

fn driver(root: &Root) -> Option<DriverVersion> {
    DriverVersion::of_kernel(&root.read("/proc/driver/nvidia/version").ok().flatten()?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::model::cuda::{Component, Keeper, VersionSource};

    fn tree() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().expect("folder");
        // A compiler is run as nobody, who has to get there.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("mode");
        let root = Root::new(folder.path());
        (folder, root)
    }

    fn compiler(root: &Root, release: &str, build: &str) {
        let script = format!(
            "#!/bin/bash\n[[ $1 == --version ]] && echo 'Cuda compilation tools, release {release}, V{build}'\n\
             [[ $1 == --list-gpu-code ]] && printf 'sm_75\\nsm_90\\n'\nexit 0\n"
        );
        root.write(&format!("/usr/local/cuda-{release}/bin/nvcc"), script.as_bytes(), 0o755).expect("written");
    }

    #[tokio::test]
    async fn everything_is_found_where_it_lies() {
        let (_folder, root) = tree();
        compiler(&root, "12.9", "12.9.86");
        let json = br#"{"cuda":{"name":"CUDA SDK","version":"12.9.1"}}"#;
        root.write("/usr/local/cuda-12.9/version.json", json, 0o644).expect("written");
        compiler(&root, "13.1", "13.1.80");
        root.write("/usr/local/cuda-13.1/compat/libcuda.so.1", b"", 0o644).expect("written");
        root.write("/usr/local/cuda-samples/README", b"", 0o644).expect("written");
        let status = b"Package: odd\nStatus: install ok installed\nVersion: 1\nDescription: \xff\n\n\
                       Package: cuda-cudart-13-1\nStatus: install ok installed\nVersion: 13.1.80-1\n";
        root.write("/var/lib/dpkg/status", status, 0o644).expect("written");
        root.write(
            "/proc/driver/nvidia/version",
            b"NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  x\n",
            0o644,
        )
        .expect("written");
        root.write("/opt/conda/conda-meta/cuda-nvcc-12.4.131-0.json", b"", 0o644).expect("written");
        for (link, target) in [
            ("/usr/local/cuda", "/etc/alternatives/cuda"),
            ("/usr/local/cuda-12", "/etc/alternatives/cuda-12"),
            ("/etc/alternatives/cuda", "/usr/local/cuda-12.9"),
            ("/usr/bin/gcc", "gcc-12"),
            ("/usr/bin/gcc-12", "x86_64-linux-gnu-gcc-12"),
        ] {
            let link = root.join(link);
            std::fs::create_dir_all(link.parent().expect("a parent")).expect("folder");
            symlink(target, link).expect("link");
        }
        let found = look(&root, "/workspace").await;
        let [new, old] = found.inventory.toolkits.as_slice() else { panic!("two: {:?}", found.inventory) };
        assert_eq!((new.version.to_string().as_str(), new.version_from), ("13.1", VersionSource::Nvcc));
        assert_eq!((old.version.to_string().as_str(), old.version_from), ("12.9.1", VersionSource::VersionJson));
        assert!(old.default && !new.default && new.components.runs(Component::Runtime));
        assert_eq!(found.named["/usr/local/cuda-13.1"], [Capability::new(7, 5), Capability::new(9, 0)]);
        assert_eq!(found.compat, [(Release::new(13, 1), "/usr/local/cuda-13.1/compat/libcuda.so.1".to_owned())]);
        assert_eq!(found.default_target.as_deref(), Some("/usr/local/cuda-12.9"));
        assert_eq!((found.gcc, found.driver.map(|driver| driver.branch())), (Some(12), Some(580)));
        assert_eq!(found.inventory.elsewhere[0].keeper, Keeper::Conda);
        assert_eq!(found.inventory.problems.len(), 1, "a folder without a toolkit: {:?}", found.inventory.problems);
    }

    #[tokio::test]
    async fn a_compiler_is_no_business_of_roots_and_may_hang_or_fail() {
        let (_folder, root) = tree();
        for (release, script) in [
            ("12.8", "[[ $(id -u) == 0 ]] && exit 0; echo 'tools, release 12.8, V12.8.93'"),
            ("12.9", "exit 1"),
            ("13.0", "exec sleep 1000"),
        ] {
            let path = format!("/usr/local/cuda-{release}/bin/nvcc");
            root.write(&path, format!("#!/bin/bash\n{script}\n").as_bytes(), 0o755).expect("written");
        }
        let found = look(&root, "/workspace").await;
        assert_eq!(found.inventory.toolkits.len(), 1, "{:?}", found.inventory);
        assert_eq!(found.inventory.toolkits[0].version.release, Release::new(12, 8));
        assert_eq!(found.inventory.problems.len(), 3, "two folders, and no default: {:?}", found.inventory.problems);
    }

    #[tokio::test]
    async fn a_machine_without_anything_has_nothing() {
        let found = look(&Root::new("/nowhere"), "/workspace").await;
        assert_eq!(found.inventory, Inventory::default());
        assert_eq!((found.gcc, found.default_target, found.compat.len()), (None, None, 0));
    }

    #[test]
    fn links_are_followed_as_far_as_they_lead() {
        let (_folder, root) = tree();
        std::fs::create_dir_all(root.join("/usr/local/cuda-12.9")).expect("folder");
        for (link, target) in
            [("dangling", "/usr/local/cuda-1.0"), ("round", "round"), ("relative", "../local/cuda-12.9/.")]
        {
            symlink(target, root.join("/usr/local").join(link)).expect("link");
        }
        let end = |name: &str| end_of_links(&root, &format!("/usr/local/{name}"));
        assert_eq!(end("nothing"), None);
        assert_eq!(end("cuda-12.9").as_deref(), Some("/usr/local/cuda-12.9"));
        assert_eq!(end("dangling").as_deref(), Some("/usr/local/cuda-1.0"));
        assert_eq!(end("relative").as_deref(), Some("/usr/local/cuda-12.9"));
        assert_eq!(end("round").as_deref(), Some("/usr/local/round"));
    }
}
