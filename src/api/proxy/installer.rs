//! Typed calls about installing CUDA.

use zbus::proxy;
use zbus::zvariant::OwnedObjectPath;

use super::super::Error;
use super::super::installer::{AvailableInfo, PlanInfo, RepositoryInfo};
use super::Options;

/// What installs and removes CUDA toolkits. All of it but `DescribeRepository` needs `install-software`. There is one
/// job of this kind at a time; a second one is refused with `Busy`.
#[proxy(
    interface = "io.github.desktop_control.Control1.Installer",
    default_service = "io.github.desktop_control.Control1",
    default_path = "/io/github/desktop_control/Control1/cuda",
    gen_blocking = false
)]
pub trait Installer {
    /// What the repository has now. It is fetched anew, and may take minutes.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn list_available(&self, options: Options<'_>) -> Result<Vec<AvailableInfo>, Error>;

    /// What installing would do. Option `extras` (as).
    #[zbus(allow_interactive_auth, no_autostart)]
    fn plan(&self, release: &str, profile: &str, options: Options<'_>) -> Result<PlanInfo, Error>;

    /// What removing would do.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn plan_removal(&self, release: &str, options: Options<'_>) -> Result<PlanInfo, Error>;

    /// Installs. Options `extras` (as), `default` (b): it also becomes the default.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn install(&self, release: &str, profile: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Removes.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn remove(&self, release: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Makes it the default, in shells, for the loader, and at `/usr/local/cuda`.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn set_default(&self, release: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// What installing its forward compatibility libraries would do.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn plan_compat(&self, release: &str, options: Options<'_>) -> Result<PlanInfo, Error>;

    /// Installs its forward compatibility libraries, where they are of use.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn enable_compat(&self, release: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Tries it; the job's log says what was checked and what came out.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn verify(&self, release: &str, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Puts right what an interrupted installation has left.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn repair(&self, options: Options<'_>) -> Result<OwnedObjectPath, Error>;

    /// Where packages come from, as far as that can be told without asking there.
    #[zbus(no_autostart)]
    fn describe_repository(&self, options: Options<'_>) -> Result<RepositoryInfo, Error>;

    /// Has packages come from there, signed by this key. Option `fingerprint` (s): the one that the key must have.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn set_repository(&self, url: &str, key: &[u8], options: Options<'_>) -> Result<(), Error>;

    /// Forgets the repository that was set.
    #[zbus(allow_interactive_auth, no_autostart)]
    fn reset_repository(&self, options: Options<'_>) -> Result<(), Error>;
}
