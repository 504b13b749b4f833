//! The built command as a process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may say nothing. Only failures last this long.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) const WRITE_KEY: &str = "klime_test_key_1234567890";

/// A call of the command, in an environment that has nothing but what is given here.
#[derive(Debug)]
pub(crate) struct Klime {
    command: Command,
    input: Vec<u8>,
}

/// What it left.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Klime {
    /// With a write key in the environment.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        Self::without_key(arguments).variable("KLIME_WRITE_KEY", WRITE_KEY)
    }

    pub(crate) fn without_key(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klime"));
        command.args(arguments).env_clear();
        Self { command, input: Vec::new() }
    }

    pub(crate) fn at(self, endpoint: &str) -> Self {
        self.variable("KLIME_ENDPOINT", endpoint)
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn in_directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory);
        self
    }

    pub(crate) fn input(mut self, input: &str) -> Self {
        self.input = input.into();
        self
    }

    /// Runs it to its end. Whatever it does, it never shows the write key.
    #[track_caller]
    #[expect(clippy::disallowed_methods, reason = "a promised deadline is measured")]
    pub(crate) fn run(mut self) -> Ran {
        let began = Instant::now();
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        // It may not want it.
        let _ = child.stdin.take().unwrap().write_all(&self.input);
        let output = child.wait_with_output().unwrap();
        let ran = Ran {
            code: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            took: began.elapsed(),
        };
        assert!(!ran.stdout.contains(WRITE_KEY) && !ran.stderr.contains(WRITE_KEY), "the write key is shown: {ran:?}");
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        ran
    }

    /// Runs it with a standard output that nobody reads, and says with which code it ended, and what it said about it.
    #[track_caller]
    pub(crate) fn run_unread(mut self) -> (i32, String) {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        (output.status.code().expect("it ended by itself"), String::from_utf8(output.stderr).unwrap())
    }
}

impl Ran {
    /// Its standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// The command while it runs.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    pub(crate) fn start(klime: Klime) -> Self {
        let Klime { mut command, .. } = klime;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The next line of its standard output.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("another line")
    }

    /// Asks it to end, as Ctrl-C does, and returns its status.
    #[cfg(unix)]
    pub(crate) fn interrupt(mut self) -> i32 {
        // The shell's own, for not every machine has the program.
        let kill = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        self.child.wait().unwrap().code().expect("it ended by itself")
    }

    /// The same, with what it has said that nobody has read.
    #[cfg(unix)]
    pub(crate) fn interrupt_and_read(mut self) -> (i32, Vec<String>) {
        let lines = std::mem::replace(&mut self.lines, channel().1);
        let code = self.interrupt();
        (code, lines.iter().collect())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Of a test that has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
