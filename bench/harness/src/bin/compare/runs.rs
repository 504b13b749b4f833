//! One run is two processes, a collector and a client; this starts and ends them and keeps what they report.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bench_harness::{Failure, Figures, Mode};

const RUN_LIMIT: Duration = Duration::from_secs(120);

/// The figures of all runs, in the order of the cycles.
#[derive(Default)]
pub(crate) struct Runs(Vec<(&'static str, &'static str, Figures)>);

impl Runs {
    pub(crate) fn add(&mut self, peer: &'static str, mode: &'static str, figures: Figures) {
        self.0.push((peer, mode, figures));
    }

    /// What one figure was in each cycle; empty when it was not measured.
    pub(crate) fn series(&self, peer: &str, mode: &str, figure: &str) -> Vec<f64> {
        let runs = self.0.iter().filter(|run| run.0 == peer && run.1 == mode);
        runs.filter_map(|run| run.2.get(figure)).collect()
    }

    /// All runs of one peer, with the mode's name.
    pub(crate) fn of(&self, peer: &str) -> impl Iterator<Item = (&'static str, &Figures)> {
        self.0
            .iter()
            .filter(move |run| run.0 == peer)
            .map(|run| (run.1, &run.2))
    }
}

/// The middle value, or the mean of the two in the middle.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get((sorted.len() - 1) / 2)?;
    Some((lower + upper) / 2.0)
}

/// Starts a fresh collector, lets the peer's program make the mode's calls, and takes its figures.
pub(crate) fn run(programs: &Path, peer: &str, mode: &Mode) -> Result<Figures, Failure> {
    let delay = mode.answer_delay.as_millis().to_string();
    let mut collector = Running(
        Command::new(programs.join("collector"))
            .arg(delay)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?,
    );
    let mut address = String::new();
    BufReader::new(collector.output()?).read_line(&mut address)?;

    let program = programs.join(format!("bench-{peer}"));
    let mut client = Running(
        Command::new(&program)
            .args([mode.name, address.trim()])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?,
    );
    let deadline = Instant::now() + RUN_LIMIT;
    while client.0.try_wait()?.is_none() {
        if Instant::now() > deadline {
            return Err(format!("{peer}, {}: not done after {RUN_LIMIT:?}", mode.name).into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let mut line = String::new();
    client.output()?.read_to_string(&mut line)?;
    if line.is_empty() {
        return Err(format!("{peer}, {}: no figures", mode.name).into());
    }
    line.parse()
}

/// How busy the machine was before: with all cores taken by other work, figures in seconds say little, ratios more.
pub(crate) fn load_of_the_machine() -> String {
    let cores = thread::available_parallelism().map_or(1, |count| count.get());
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{cores} core(s), load {} before",
        load.split(' ').next().unwrap_or_default()
    )
}

/// A process that ends with its owner.
struct Running(Child);

impl Running {
    fn output(&mut self) -> Result<impl Read, Failure> {
        Ok(self.0.stdout.take().ok_or("the output was taken before")?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only for a process that has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}
