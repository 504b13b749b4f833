//! A test that runs itself again in a process of its own: for what is process-wide, such as threads, memory, the environment
//! and the panic hook.

use std::env;
use std::io::{self, Write as _};
use std::process::Command;

const MARKER: &str = "KLIME_TEST_CHILD";

/// Before what a child says, so that the test harness's own lines are not taken for it.
const PREFIX: &str = "child: ";

/// What the child is to do, when this process is one.
pub(crate) fn role() -> Option<String> {
    env::var(MARKER).ok()
}

/// Says a line to the parent.
pub(crate) fn say(line: &str) {
    // Not `println!`, which the harness captures.
    writeln!(io::stdout(), "\n{PREFIX}{line}").unwrap();
}

/// Runs the test of this name again, in a role, and returns what it said. The variables are added to the environment, in which
/// no `KLIME_…` is left.
#[track_caller]
pub(crate) fn run(test: &str, role: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([test, "--exact", "--test-threads=1", "--nocapture"]);
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KLIME_")) {
        command.env_remove(name);
    }
    command.env(MARKER, role).envs(variables.iter().copied());
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "the child failed: {stdout}\n{stderr}");
    assert!(stdout.contains("1 passed"), "no test has the name {test}: {stdout}");
    stdout.lines().filter_map(|line| line.strip_prefix(PREFIX)).map(str::to_owned).collect()
}
