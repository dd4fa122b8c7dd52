//! Small packages with NVIDIA's names, versions, dependencies and places, built by dpkg-deb.

#![allow(dead_code, reason = "every test program uses another part of this")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A package to be built.
#[derive(Clone, Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Further lines of its description: `Depends: …`.
    pub(crate) fields: Vec<String>,
    /// Path and contents.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// A folder whose contents come with it, and the place where they go.
    pub(crate) tree: Option<(PathBuf, String)>,
    pub(crate) links: Vec<(String, String)>,
    pub(crate) postinst: Option<String>,
    pub(crate) prerm: Option<String>,
    /// Whether it has the list of check sums that nearly all have.
    pub(crate) sums: bool,
}

/// A package of this name and version, with these relations.
pub(crate) fn package(name: &str, version: &str, fields: &[&str]) -> Package {
    let fields = fields.iter().map(|field| (*field).to_owned()).collect();
    Package { name: name.into(), version: version.into(), fields, sums: true, ..Package::default() }
}

impl Package {
    pub(crate) fn file(mut self, path: &str, contents: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.into(), contents.into()));
        self
    }

    pub(crate) fn link(mut self, path: &str, target: &str) -> Self {
        self.links.push((path.into(), target.into()));
        self
    }

    pub(crate) fn tree(mut self, from: PathBuf, to: &str) -> Self {
        self.tree = Some((from, to.into()));
        self
    }

    pub(crate) fn postinst(mut self, script: &str) -> Self {
        self.postinst = Some(script.into());
        self
    }

    pub(crate) fn prerm(mut self, script: &str) -> Self {
        self.prerm = Some(script.into());
        self
    }

    pub(crate) fn without_sums(mut self) -> Self {
        self.sums = false;
        self
    }

    /// Builds it into `folder`; the file.
    pub(crate) fn build(&self, folder: &Path) -> PathBuf {
        let tree = tempfile::tempdir().expect("folder");
        let tree = tree.path();
        std::fs::set_permissions(tree, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("mode");
        let mut sums = String::new();
        for (path, contents) in &self.files {
            let place = tree.join(path);
            std::fs::create_dir_all(place.parent().expect("a parent")).expect("folder");
            std::fs::write(&place, contents).expect("write");
            if contents.starts_with(b"#!") {
                std::fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("mode");
            }
            // Nothing here compares them.
            let _ = writeln!(sums, "d41d8cd98f00b204e9800998ecf8427e  {path}");
        }
        if let Some((from, to)) = &self.tree {
            let place = tree.join(to);
            std::fs::create_dir_all(&place).expect("folder");
            let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(&place).status().expect("cp");
            assert!(copied.success(), "{} was not copied", from.display());
        }
        for (path, target) in &self.links {
            let place = tree.join(path);
            std::fs::create_dir_all(place.parent().expect("a parent")).expect("folder");
            std::os::unix::fs::symlink(target, place).expect("link");
        }
        let control = tree.join("DEBIAN");
        std::fs::create_dir(&control).expect("folder");
        let mut text = format!("Package: {}\nVersion: {}\nArchitecture: amd64\n", self.name, self.version);
        text += "Maintainer: tests <tests@desktop-control.invalid>\nSection: devel\nPriority: optional\n";
        for field in &self.fields {
            let _ = writeln!(text, "{field}");
        }
        if !self.fields.iter().any(|field| field.starts_with("Installed-Size")) {
            let bytes: usize = self.files.iter().map(|(_, contents)| contents.len()).sum();
            let _ = writeln!(text, "Installed-Size: {}", bytes.div_ceil(1024) + 1);
        }
        text += "Description: a package of the tests\n";
        std::fs::write(control.join("control"), text).expect("write");
        if self.sums {
            std::fs::write(control.join("md5sums"), sums).expect("write");
        }
        for (name, script) in [("postinst", &self.postinst), ("prerm", &self.prerm)] {
            let Some(script) = script else { continue };
            let path = control.join(name);
            std::fs::write(&path, format!("#!/bin/sh\nset -e\n{script}\n")).expect("write");
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("mode");
        }
        let version = self.version.replace(':', "%3a");
        let file = folder.join(format!("{}_{version}_amd64.deb", self.name));
        // Uncompressed: what is cut at half of its bytes is cut at half of its contents.
        let built =
            Command::new("dpkg-deb").args(["-Znone", "--root-owner-group", "--build"]).arg(tree).arg(&file).output();
        let built = built.expect("dpkg-deb");
        assert!(built.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&built.stderr));
        file
    }
}

/// A shared library that the loader believes in.
fn library(soname: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("library.so");
    let mut command = Command::new("cc");
    command.args(["-shared", "-nostdlib", "-x", "c", "/dev/null", "-o"]).arg(&file);
    let status = command.arg(format!("-Wl,-soname,{soname}")).status().expect("cc");
    assert!(status.success(), "no library was built");
    std::fs::read(&file).expect("readable")
}

/// Bytes that look like nothing else, always the same.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// While this file is there, setting up the compiler fails.
pub(crate) const POSTINST_FAILS: &str = "/run/postinst-fails";
/// While this file is there, setting up the compiler takes some seconds.
pub(crate) const POSTINST_SLOW: &str = "/run/postinst-slow";

const DRIVER: &str = "575.57.08-0ubuntu1";

/// One release of the toolkit, in the form of NVIDIA's.
fn toolkit(minor: u8, build: &str) -> Vec<Package> {
    let release = format!("12-{minor}");
    let dotted = format!("12.{minor}");
    let prefix = format!("usr/local/cuda-{dotted}");
    let part = |stem: &str, fields: &[&str]| {
        let fields: Vec<String> = fields.iter().map(|field| field.replace('@', &release)).collect();
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        package(&format!("{stem}-{release}"), build, &fields)
    };
    let nvcc = format!(
        "#!/bin/sh\necho 'nvcc: NVIDIA (R) Cuda compiler driver'\n\
         echo 'Cuda compilation tools, release {dotted}, V{dotted}.86'\n[ \"$1\" = --version ]\n"
    );
    let lib = format!("{prefix}/targets/x86_64-linux/lib");
    vec![
        package(
            &format!("cuda-toolkit-{release}-config-common"),
            build,
            &["Depends: cuda-toolkit-12-config-common, cuda-toolkit-config-common"],
        )
        .file(
            &format!("{prefix}/version.json"),
            format!("{{\"cuda\":{{\"name\":\"CUDA SDK\",\"version\":\"{dotted}.1\"}}}}"),
        )
        .postinst(&format!("update-alternatives --install /usr/local/cuda cuda /{prefix} 12{minor}"))
        .prerm(&format!("update-alternatives --remove cuda /{prefix}")),
        part("cuda-cudart", &["Depends: cuda-toolkit-@-config-common"])
            .file(&format!("{lib}/libcudart.so.{dotted}.79"), library("libcudart.so.12"))
            .link(&format!("{lib}/libcudart.so.12"), &format!("libcudart.so.{dotted}.79"))
            .link(&format!("{prefix}/lib64"), "targets/x86_64-linux/lib"),
        part("cuda-cccl", &[]).file(&format!("{prefix}/include/cub/cub.cuh"), "// cub\n"),
        part("cuda-driver-dev", &[]).file(&format!("{lib}/stubs/libcuda.so"), library("libcuda.so.1")),
        part("cuda-cudart-dev", &["Depends: cuda-cudart-@, cuda-driver-dev-@, cuda-cccl-@"])
            .file(&format!("{prefix}/include/cuda_runtime.h"), "// runtime\n"),
        part("cuda-nvcc", &["Depends: cuda-toolkit-@-config-common"])
            .file(&format!("{prefix}/bin/nvcc"), nvcc)
            .postinst(&format!("[ ! -e {POSTINST_SLOW} ] || sleep 4\n[ ! -e {POSTINST_FAILS} ]")),
        part("libcublas", &["Depends: cuda-toolkit-@-config-common"])
            .file(&format!("{lib}/libcublas.so.{dotted}"), noise(2_000_000)),
        part("libcublas-dev", &["Depends: libcublas-@"]).file(&format!("{prefix}/include/cublas.h"), "// cublas\n"),
        part("cuda-libraries", &["Depends: cuda-cudart-@, libcublas-@"]).without_sums(),
        part("cuda-libraries-dev", &["Depends: cuda-libraries-@, libcublas-dev-@"]),
        part("cuda-nsight-compute", &[]).file(&format!("opt/nvidia/nsight-compute/{dotted}/ncu"), noise(300_000)),
        package(&format!("cuda-compat-{release}"), DRIVER, &[])
            .file(&format!("{prefix}/compat/libcuda.so.575.57.08"), library("libcuda.so.1"))
            .link(&format!("{prefix}/compat/libcuda.so.1"), "libcuda.so.575.57.08"),
        part("cuda-toolkit", &["Depends: cuda-nvcc-@, cuda-cudart-dev-@, cuda-libraries-dev-@, cuda-nsight-compute-@"]),
        part("cuda-runtime", &["Depends: cuda-libraries-@, cuda-drivers (>= 575)"]),
        part("cuda", &["Depends: cuda-toolkit-@, cuda-runtime-@"]),
    ]
}

/// What the repository holds when nothing is wrong with it, the traps that NVIDIA's has included.
pub(crate) fn usual() -> Vec<Package> {
    let mut all = toolkit(9, "12.9.1-1");
    all.extend(toolkit(8, "12.8.1-1"));
    all.push(
        package("cuda-toolkit-12-config-common", "12.9.79-1", &[])
            .file("etc/ld.so.conf.d/988_cuda-12.conf", "/usr/local/cuda-12/targets/x86_64-linux/lib\n"),
    );
    all.push(
        package("cuda-toolkit-config-common", "12.9.79-1", &[])
            .file("etc/ld.so.conf.d/000_cuda.conf", "/usr/local/cuda/targets/x86_64-linux/lib\n"),
    );
    all.push(package("cuda", "12.9.1-1", &["Depends: cuda-12-9"]));
    all.push(driver("cuda-drivers", &[]));
    all.push(
        package("libnccl2", "2.27.3-1+cuda12.9", &[]).file("usr/lib/x86_64-linux-gnu/libnccl.so.2.27.3", noise(1000)),
    );
    all.push(
        package("libnccl2", "2.25.1-1+cuda12.8", &[]).file("usr/lib/x86_64-linux-gnu/libnccl.so.2.25.1", noise(1000)),
    );
    all.push(
        package("libcudnn9-cuda-12", "9.8.0.87-1", &[]).file("usr/lib/x86_64-linux-gnu/libcudnn.so.9.8.0", noise(1000)),
    );
    all
}

/// A driver, under any name.
pub(crate) fn driver(name: &str, fields: &[&str]) -> Package {
    package(name, DRIVER, fields).file("usr/lib/x86_64-linux-gnu/libcuda.so.575.57.08", library("libcuda.so.1"))
}

/// The usual packages, built once for all tests of a program.
pub(crate) fn built() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("folder");
        for package in usual() {
            package.build(folder.path());
        }
        folder
    });
    folder.path()
}
