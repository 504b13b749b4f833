//! The command of `--exec`: it runs with the endpoint and a key in its environment, is told when `klime dev` is, and is not left behind.
//!
//! What it has started itself is told and ended with it by its process group. Where it shares our terminal it has none, because a group of
//! its own could not read there: Ctrl-C reaches all of them by the terminal, but any other signal only the shell that runs the command.

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::time;

use crate::signals::Signal;

/// After a signal, a command has so long to end by itself.
const GRACE: Duration = Duration::from_secs(5);

/// A running command, and all that is in its process group.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    /// It has a process group of its own, unless it shares our terminal: then the terminal tells it of Ctrl-C itself.
    #[cfg(unix)]
    group: Option<rustix::process::Pid>,
}

/// What the command is told by its environment, and where its output goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) endpoint: &'a str,
    pub(super) key: &'a str,
    /// Our standard output is for machines, so the command's goes where messages go.
    pub(super) output_to_stderr: bool,
}

impl Running {
    /// Starts the command by the system's shell.
    pub(super) fn start(text: &str, setting: Setting<'_>) -> io::Result<Self> {
        let mut command = shell(text);
        command.env("KLIME_ENDPOINT", setting.endpoint).env("KLIME_WRITE_KEY", setting.key).kill_on_drop(true);
        // These would send the events elsewhere, or nowhere.
        command.env_remove("KLIME_WRITE_KEY_FILE").env_remove("KLIME_DISABLED");
        if setting.output_to_stderr {
            command.stdout(Stdio::from(io::stderr()));
        }
        Self::spawn(command)
    }

    /// Waits until the command has ended.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Passes a signal on and waits; a command that goes on regardless is killed.
    pub(super) async fn stop(&mut self, signal: Signal) -> io::Result<ExitStatus> {
        self.pass_on(signal);
        if let Ok(ended) = time::timeout(GRACE, self.child.wait()).await {
            return ended;
        }
        self.kill().await
    }

    /// Ends it at once.
    pub(super) async fn kill(&mut self) -> io::Result<ExitStatus> {
        self.send_kill();
        self.child.wait().await
    }
}

#[cfg(unix)]
fn shell(text: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(text);
    command
}

#[cfg(windows)]
fn shell(text: &str) -> Command {
    let mut command = Command::new("cmd");
    // Not as an argument, which would be quoted for another parser than that of cmd.
    command.raw_arg("/C").raw_arg(text);
    command
}

#[cfg(unix)]
impl Running {
    fn spawn(mut command: Command) -> io::Result<Self> {
        use std::io::IsTerminal as _;
        let shares_terminal = io::stdin().is_terminal();
        if !shares_terminal {
            command.process_group(0);
        }
        let child = command.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        Ok(Self { child, group: id.filter(|_| !shares_terminal) })
    }

    fn pass_on(&self, signal: Signal) {
        use rustix::process::Signal as Unix;
        let unix = match signal {
            Signal::Interrupt => Unix::INT,
            Signal::Terminate => Unix::TERM,
        };
        // It may have ended in between, and then needs no signal.
        match (
            self.group,
            self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw),
        ) {
            (Some(group), _) => drop(rustix::process::kill_process_group(group, unix)),
            (None, Some(child)) if signal == Signal::Terminate => drop(rustix::process::kill_process(child, unix)),
            _ => {}
        }
    }

    fn send_kill(&mut self) {
        match self.group {
            Some(group) => drop(rustix::process::kill_process_group(group, rustix::process::Signal::KILL)),
            None => drop(self.child.start_kill()),
        }
    }
}

/// What the command has left behind in its group goes with it.
#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(windows)]
impl Running {
    fn spawn(mut command: Command) -> io::Result<Self> {
        Ok(Self { child: command.spawn()? })
    }

    /// The console tells it of Ctrl-C itself.
    fn pass_on(&self, _signal: Signal) {}

    fn send_kill(&mut self) {
        drop(self.child.start_kill());
    }
}

/// Says how a command ended that was not well; `None` for one that was.
pub(super) fn failure(ended: &io::Result<ExitStatus>) -> Option<String> {
    let status = match ended {
        Err(error) => return Some(format!("it is not known how the command ended: {error}")),
        Ok(status) if status.success() => return None,
        Ok(status) => status,
    };
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(status) {
        return Some(format!("the command was ended by signal {signal}"));
    }
    Some(status.code().map_or_else(|| "the command failed".to_owned(), |code| format!("the command ended with {code}")))
}

/// The status to end with for a command that has ended with this one: the same, or what shells say for a signal.
pub(super) fn code(status: ExitStatus) -> u8 {
    if let Some(code) = status.code() {
        return u8::try_from(code).unwrap_or(1);
    }
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return u8::try_from(128 + signal).unwrap_or(1);
    }
    1
}
