//! Who put a forward compatibility library before the driver's own.

use std::path::{Path, PathBuf};

use crate::host::root::Root;

/// The variable that is looked at before the loader's configuration.
const VARIABLE: &str = "LD_LIBRARY_PATH";
/// The loader's configuration, in its order.
pub(super) const CONFIGURATION: &str = "/etc/ld.so.conf.d";

/// What names the folder of the library at `file`: `LD_LIBRARY_PATH`, or a file of the loader's configuration; none
/// where nothing does. `search` is what that variable holds.
#[must_use]
pub fn place_of(root: &Root, file: &str, search: &str) -> Option<String> {
    let folder = Path::new(file).parent()?;
    let folder = canonical(root, &folder.to_string_lossy());
    let is_it = |named: &str| named.starts_with('/') && canonical(root, named) == folder;
    if search.split(':').any(is_it) {
        return Some(VARIABLE.to_owned());
    }
    let entries = std::fs::read_dir(root.join(CONFIGURATION)).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    let files = names.iter().filter_map(|name| Some(format!("{CONFIGURATION}/{}.conf", name.strip_suffix(".conf")?)));
    let mut files = files.chain(["/etc/ld.so.conf".to_owned()]);
    files.find(|file| {
        let text = root.read(file).ok().flatten().unwrap_or_default();
        text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).any(is_it)
    })
}

/// Without links, as far as it is there.
fn canonical(root: &Root, folder: &str) -> PathBuf {
    let path = root.join(folder.trim_end_matches('/'));
    path.canonicalize().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_goes_before_files_and_links_do_not_hide_a_folder() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        let file = "/usr/local/cuda-13.1/compat/libcuda.so.590.44.01";
        root.write(file, b"", 0o644).expect("written");
        std::os::unix::fs::symlink("cuda-13.1", root.join("/usr/local/cuda")).expect("link");
        assert_eq!(place_of(&root, file, ""), None);
        let conf = |name: &str| format!("/etc/ld.so.conf.d/{name}");
        root.write(&conf("zz.conf"), b"/usr/local/cuda/compat # by hand\n", 0o644).expect("written");
        root.write(&conf("aa.conf.disabled"), b"/usr/local/cuda-13.1/compat\n", 0o644).expect("written");
        assert_eq!(place_of(&root, file, ""), Some(conf("zz.conf")));
        root.write(&conf("00-compat-5f.conf"), b"/usr/lib\n/usr/local/cuda-13.1/compat/\n", 0o644).expect("written");
        assert_eq!(place_of(&root, file, "/opt:relative"), Some(conf("00-compat-5f.conf")));
        assert_eq!(place_of(&root, file, "/opt:/usr/local/cuda/compat"), Some(VARIABLE.to_owned()));
    }
}
