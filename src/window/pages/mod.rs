//! One component for each page. They know the window only by what they wish of it.

pub(super) mod overview;
pub(super) mod preferences;
pub(super) mod service;
pub(super) mod services;
