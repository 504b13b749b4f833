//! Drives the target that `FUZZ_TARGET` names by libFuzzer, which is led by coverage. `README.md` has the command.

#![no_main]

use std::sync::LazyLock;

use klime_fuzz::{TARGETS, Target};

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let names = TARGETS.map(|target| target.name).join(", ");
    TARGETS
        .into_iter()
        .find(|target| target.name == name)
        .unwrap_or_else(|| panic!("set FUZZ_TARGET to one of: {names}"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| (TARGET.check)(bytes));
