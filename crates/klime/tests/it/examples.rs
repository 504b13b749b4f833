//! Each example is run as its user runs it, against a server of ours.

#[cfg(unix)]
mod axum_service;
mod backfill;
mod program;
mod scripts;
#[cfg(unix)]
mod worker;

// Cargo builds an example as a program or as a test, not both: this one is tested here.
#[cfg(feature = "testing")]
#[expect(dead_code, reason = "it is run as a program too")]
#[path = "../../examples/testing_instrumentation.rs"]
mod testing_instrumentation;
