//! Parts of `klime import`, included by their paths, as in `dev.rs`.

#![expect(dead_code, unused_imports, reason = "more is in these files than the targets use")]

#[path = "../../crates/klime-cli/src/import/convert/mod.rs"]
pub(crate) mod convert;
#[path = "../../crates/klime-cli/src/import/id.rs"]
pub(crate) mod id;
#[path = "../../crates/klime-cli/src/import/mapping/mod.rs"]
pub(crate) mod mapping;
#[path = "../../crates/klime-cli/src/import/place.rs"]
pub(crate) mod place;
#[path = "../../crates/klime-cli/src/import/read/mod.rs"]
pub(crate) mod read;
#[path = "../../crates/klime-cli/src/import/refused/mod.rs"]
pub(crate) mod refused;
#[path = "../../crates/klime-cli/src/import/repeats.rs"]
pub(crate) mod repeats;
