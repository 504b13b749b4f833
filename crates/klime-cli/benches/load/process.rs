//! The server as a process, and what it costs, where the system says so as Linux does.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Linux counts the time of a process in hundredths of a second, on every machine that we know.
const TICKS_A_SECOND: f64 = 100.0;

pub(crate) struct Dev {
    child: Child,
    address: SocketAddr,
}

impl Dev {
    pub(crate) fn start(file: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_klime"));
        command.args(["dev", "--port", "0", "--quiet", "--max-events", "2000000"]);
        command.args(file.into_iter().flat_map(|file| ["--db", file]));
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let address = lines.find_map(|line| line.split_once("http://")?.1.parse().ok());
        // What it complains of is of interest, and must not fill the pipe.
        thread::spawn(move || lines.for_each(|line| println!("klime dev: {line}")));
        Self { child, address: address.expect("it says where it listens") }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time that it has computed.
    pub(crate) fn cpu(&self) -> Duration {
        let ticks = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).ok().and_then(|stat| {
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
        });
        Duration::from_secs_f64(ticks.unwrap_or(0.0) / TICKS_A_SECOND)
    }

    pub(crate) fn resident_mb(&self) -> u64 {
        self.status("VmRSS:")
    }

    pub(crate) fn most_resident_mb(&self) -> u64 {
        self.status("VmHWM:")
    }

    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) >> 10
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
