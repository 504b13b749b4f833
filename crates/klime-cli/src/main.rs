//! The `klime` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    klime_cli::run()
}
