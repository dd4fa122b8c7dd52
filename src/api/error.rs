//! The errors of the contract: only cases that a client treats differently.

/// An error as it goes over the bus, under `io.github.desktop_control.Control1.Error.<Name>`. Each carries one English
/// sentence that says what to do; it is for people and is never parsed.
#[derive(Debug, zbus::DBusError, strum::IntoStaticStr, strum::EnumString)]
#[zbus(prefix = "io.github.desktop_control.Control1.Error")]
#[non_exhaustive]
pub enum Error {
    /// The bus itself.
    #[zbus(error)]
    #[strum(disabled)]
    ZBus(zbus::Error),
    /// The caller may not do this.
    NotAuthorized(String),
    /// No such service.
    UnknownService(String),
    /// No such setting.
    UnknownSetting(String),
    /// No such object of another kind.
    UnknownObject(String),
    /// Something that excludes this is going on.
    Busy(String),
    /// The operator has fixed this.
    Locked(String),
    /// It would cut the last way in, or the way by which this very request came.
    LastWayIn(String),
    /// It would touch the driver.
    DriverPackage(String),
    /// It would remove something.
    WouldRemove(String),
    /// The change was taken back.
    Reverted(String),
    /// A value that cannot be.
    InvalidSetting(String),
    /// Not possible on this machine.
    Unsupported(String),
    /// There is no NVIDIA driver.
    NoDriver(String),
    /// The disk is too full.
    NoSpace(String),
    /// It took too long.
    TimedOut(String),
    /// Somebody cancelled it.
    Cancelled(String),
    /// A bug, or a machine in a state that nobody thought of.
    Internal(String),
}

impl Error {
    /// The last part of the error's name on the bus, such as `Busy`.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.into()
    }

    /// The sentence for people; empty for errors of the bus.
    #[must_use]
    pub fn sentence(&self) -> String {
        zbus::DBusError::description(self).unwrap_or_default().to_owned()
    }

    /// The error with this [`Error::short_name`]; [`Error::Internal`] if there is none.
    #[must_use]
    pub fn named(short_name: &str, sentence: String) -> Self {
        let mut error = short_name.parse().unwrap_or(Self::Internal(String::new()));
        match &mut error {
            Self::ZBus(_) => {}
            Self::NotAuthorized(text)
            | Self::UnknownService(text)
            | Self::UnknownSetting(text)
            | Self::UnknownObject(text)
            | Self::Busy(text)
            | Self::Locked(text)
            | Self::LastWayIn(text)
            | Self::DriverPackage(text)
            | Self::WouldRemove(text)
            | Self::Reverted(text)
            | Self::InvalidSetting(text)
            | Self::Unsupported(text)
            | Self::NoDriver(text)
            | Self::NoSpace(text)
            | Self::TimedOut(text)
            | Self::Cancelled(text)
            | Self::Internal(text) => *text = sentence,
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// DESIGN §4, in its order.
    const NAMES: [&str; 17] = [
        "NotAuthorized",
        "UnknownService",
        "UnknownSetting",
        "UnknownObject",
        "Busy",
        "Locked",
        "LastWayIn",
        "DriverPackage",
        "WouldRemove",
        "Reverted",
        "InvalidSetting",
        "Unsupported",
        "NoDriver",
        "NoSpace",
        "TimedOut",
        "Cancelled",
        "Internal",
    ];

    #[test]
    fn every_name_of_the_contract_is_an_error_both_ways() {
        for name in NAMES {
            let error = Error::named(name, "Do this.".into());
            assert_eq!(error.short_name(), name);
            assert_eq!(error.sentence(), "Do this.");
            let on_the_bus = zbus::DBusError::name(&error).to_string();
            assert_eq!(on_the_bus, format!("io.github.desktop_control.Control1.Error.{name}"));
        }
    }

    #[test]
    fn a_name_of_a_later_version_is_internal() {
        assert_eq!(Error::named("Nonsense", String::new()).short_name(), "Internal");
    }
}
