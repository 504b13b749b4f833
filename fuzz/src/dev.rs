//! Parts of the command, included by their paths: a dependency on its crate would build SQLite, an HTTP server and more.

#![expect(dead_code, unused_imports, reason = "more is in these files than the targets use")]

#[path = "../../crates/klime-cli/src/dev/checks/mod.rs"]
pub(crate) mod checks;
#[path = "../../crates/klime-cli/src/dev/event.rs"]
pub(crate) mod event;
#[path = "../../crates/klime-cli/src/dev/stamp.rs"]
pub(crate) mod stamp;
#[path = "../../crates/klime-cli/src/dev/validate/mod.rs"]
pub(crate) mod validate;
