//! The `klime` command.
//!
//! The command is the product; this library is there for its benchmarks and fuzz targets, and may change in any release.

mod args;
mod clock;
mod completions;
pub mod dev;
mod doctor;
mod duration;
mod exit;
pub mod import;
mod print;
mod send;
mod settings;
mod signals;

use std::process::ExitCode;

/// Runs the command that the process's arguments name.
#[must_use]
pub fn run() -> ExitCode {
    args::run(std::env::args_os())
}
