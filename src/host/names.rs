//! Names of users and groups, by the system's own name service.

use nix::unistd::{Group, User};

use super::user_child::Account;

/// The id of the group called `name`; none if there is no such group or it cannot be told.
#[must_use]
pub fn group_id(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// The name of the user with this id, or the number itself.
#[must_use]
pub fn user_name(uid: u32) -> String {
    User::from_uid(uid.into()).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name)
}

/// The account of the user called `name`; none if there is no such user or it cannot be told.
#[must_use]
pub fn account(name: &str) -> Option<Account> {
    let user = User::from_name(name).ok().flatten()?;
    Some(Account { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
}
