//! A program of its own that uses the SDK, for what a process has only one of: environment and loggers.
//!
//! It is this test binary again: the one test here is the program when the environment says so, else a test of `from_env`'s
//! way through the builder.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use klime::{Client, ClientBuilder};
use tracing_subscriber::filter::LevelFilter;

use super::setup::{KEY, LIMIT, builder};
use super::told::Told;
use crate::support::{Server, balanced};

/// The test below, as the test runner knows it.
const TEST: &str = "delivery::program::program_delivers_an_event";
/// Says that this process is such a program.
const MARK: &str = "KLIME_TEST_PROGRAM";

#[derive(Debug)]
pub(super) struct Program(Command);

/// What it wrote.
#[derive(Debug)]
pub(super) struct Output(String);

impl Program {
    /// A program that sends one event with the settings of its environment, and writes down what became of it, all it logs
    /// included.
    pub(super) fn sending_to(endpoint: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args([TEST, "--exact", "--nocapture", "--test-threads=1"]).stdin(Stdio::null());
        for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
            command.env_remove(name).env_remove(name.to_ascii_uppercase());
        }
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUEST_METHOD", "KLIME_DISABLED"] {
            command.env_remove(name);
        }
        command.env(MARK, "1").env("KLIME_WRITE_KEY", KEY).env("KLIME_ENDPOINT", endpoint);
        Self(command)
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it to its end, which its client's deadlines bound.
    #[track_caller]
    pub(super) fn run(mut self) -> Output {
        let output = self.0.output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        Output(text)
    }
}

impl Output {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The line that the program wrote about `what`.
    #[track_caller]
    pub(super) fn line(&self, what: &str) -> &str {
        let prefix = format!("{MARK} {what}: ");
        let line = self.0.lines().find_map(|line| line.strip_prefix(&prefix));
        line.unwrap_or_else(|| panic!("no line {prefix:?} in\n{}", self.0))
    }
}

#[test]
fn program_delivers_an_event() {
    if std::env::var_os(MARK).is_some() {
        log_everything();
        return deliver(ClientBuilder::from_env().unwrap().allow_insecure_http(true));
    }
    let server = Server::start();
    deliver(builder(server.endpoint()));
    assert_eq!(server.events()[0]["event"], "Report Generated");
}

fn deliver(settings: ClientBuilder) {
    let told = Told::default();
    let client: Client = told.listen(settings.retry_max_attempts(1)).build().unwrap();
    client.track("Report Generated").user("user_1").enqueue();
    let report = client.shutdown_blocking(LIMIT);
    balanced(&client);
    write("report", &report.to_string());
    let calls = told.calls();
    write("debug", &format!("{calls:?} {client:?}"));
    for error in calls.errors {
        write("error", &error.chain.join(": "));
        write("debug", &error.debug);
    }
    // The log line of a loss comes on the notice thread, which ends with the last handle.
    drop(client);
}

/// Everything that anybody logs goes to standard output, as `log` records or as `tracing` events.
fn log_everything() {
    let tracing = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(io::stdout);
    tracing.init();
    log::set_boxed_logger(Box::new(Logger)).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        write("log", &format!("{} {} {}", record.level(), record.target(), record.args()));
    }

    fn flush(&self) {}
}

/// Past the test runner's capture, so that it is seen whatever becomes of the test.
fn write(what: &str, text: &str) {
    writeln!(io::stdout(), "{MARK} {what}: {text}").unwrap();
}
