//! An example as a running program.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use crate::support::Server;

/// How long a program may say nothing. Only failures last this long.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

pub(super) const WRITE_KEY: &str = "example-write-key";

#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
}

/// What a program has left.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) success: bool,
    /// The lines of its standard output that nobody had read.
    pub(super) lines: Vec<String>,
}

impl Program {
    pub(super) fn start(example: &str, arguments: &[&str], server: &Server) -> Self {
        let mut child = Command::new(path(example))
            .args(arguments)
            .env("KLIME_WRITE_KEY", WRITE_KEY)
            .env("KLIME_ENDPOINT", server.endpoint())
            .env_remove("KLIME_DISABLED")
            .env("PORT", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { stdin: child.stdin.take(), child, lines }
    }

    /// Runs it without input until it ends.
    pub(super) fn run(example: &str, server: &Server) -> Ended {
        Self::start(example, &[], server).end()
    }

    pub(super) fn write_line(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(super) fn take_stdin(&mut self) -> ChildStdin {
        self.stdin.take().unwrap()
    }

    /// The next line of its standard output.
    #[track_caller]
    pub(super) fn line(&self) -> String {
        self.next_line().expect("another line before the program ended")
    }

    /// Asks it to end, as a platform does.
    #[cfg(unix)]
    pub(super) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Asks it to end, as Ctrl-C does.
    #[cfg(unix)]
    pub(super) fn interrupt(&self) {
        self.signal("INT");
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        // The shell's own, for not every machine has the program.
        let status = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(status.success(), "the program had ended before the signal");
    }

    /// Ends its input and waits until it has ended.
    #[track_caller]
    pub(super) fn end(mut self) -> Ended {
        self.stdin = None;
        let mut lines = Vec::new();
        while let Some(line) = self.next_line() {
            lines.push(line);
        }
        Ended { success: self.child.wait().unwrap().success(), lines }
    }

    #[track_caller]
    fn next_line(&self) -> Option<String> {
        match self.lines.recv_timeout(LIMIT) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the program said nothing for {LIMIT:?}"),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Of a test that has failed, or wants no more of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cargo puts the tests into `deps` and the examples into `examples` beside it.
fn path(example: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let path = profile.join("examples").join(format!("{example}{}", env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is missing; `cargo nextest run` and `cargo test` without a filter build it, else \
         `cargo build -p klime --examples --all-features` does",
        path.display()
    );
    path
}
