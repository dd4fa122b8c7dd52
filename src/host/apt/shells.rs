//! How the default toolkit gets into shells and desktop sessions.

use std::io;

use crate::host::root::Root;

/// Login shells read the first, Plasma reads the second at the start of a session.
const FILES: [&str; 2] =
    ["/etc/profile.d/desktop-control-toolkit.sh", "/etc/xdg/plasma-workspace/env/desktop-control-toolkit.sh"];

/// It follows the default by itself, and does nothing while there is none.
const SCRIPT: &str = "\
# Written by Desktop Control: the default CUDA toolkit for shells and desktop sessions.
if [ -x /usr/local/cuda/bin/nvcc ] || [ -d /usr/local/cuda/lib64 ]; then
    case \":$PATH:\" in
    *:/usr/local/cuda/bin:*) ;;
    *) PATH=/usr/local/cuda/bin:$PATH ;;
    esac
    export PATH CUDA_HOME=/usr/local/cuda
fi
";

/// Writes both files where they are not as they should be.
///
/// # Errors
/// One cannot be written.
pub fn write_shell_setup(root: &Root) -> io::Result<()> {
    for path in FILES {
        if root.read(path).ok().flatten().as_deref() != Some(SCRIPT) {
            root.write(path, SCRIPT.as_bytes(), 0o644)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_finds_the_toolkit_once() {
        let folder = tempfile::tempdir().expect("folder");
        let root = Root::new(folder.path());
        write_shell_setup(&root).expect("written");
        let script = SCRIPT.replace("/usr/local/cuda", &folder.path().join("cuda").display().to_string());
        let path = |script: &str| {
            let text = format!("PATH=/usr/bin:/bin\n{script}{script}printf '%s %s' \"$PATH\" \"${{CUDA_HOME-none}}\"");
            let said = std::process::Command::new("/bin/sh").arg("-euc").arg(text).output().expect("sh");
            String::from_utf8(said.stdout).expect("text")
        };
        std::fs::create_dir_all(folder.path().join("cuda/bin")).expect("folder");
        assert!(path(&script).starts_with("/usr/bin:/bin "), "{}", path(&script));
        std::fs::create_dir_all(folder.path().join("cuda/lib64")).expect("folder");
        let cuda = folder.path().join("cuda");
        assert_eq!(path(&script), format!("{0}/bin:/usr/bin:/bin {0}", cuda.display()));
    }
}
