//! Tries inputs, and keeps the one that breaks a promise.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::panic::{self, catch_unwind};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use klime_fuzz::Target;

use crate::mutate::mutated;
use crate::options::{Options, Until};

/// An input that takes longer hangs.
const LONGEST_RUN: Duration = Duration::from_secs(30);

/// A thread of the SDK may panic where nobody sees it; that is a finding too.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// What is tried now, for the watchdog.
static CURRENT: Current = Current { state: Mutex::new(None), changed: Condvar::new() };

struct Current {
    state: Mutex<Option<(Target, Vec<u8>)>>,
    changed: Condvar,
}

impl Current {
    fn lock(&self) -> MutexGuard<'_, Option<(Target, Vec<u8>)>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, input: Option<(Target, Vec<u8>)>) {
        *self.lock() = input;
        self.changed.notify_one();
    }

    /// Ends the process when an input takes too long.
    fn watch(&self) {
        let mut state = self.lock();
        loop {
            let waited = self.changed.wait_timeout(state, LONGEST_RUN);
            let (current, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = current;
            if let (true, Some((target, input))) = (timeout.timed_out(), state.as_ref()) {
                eprintln!("{}", finding(*target, input, "hung"));
                process::exit(1);
            }
        }
    }
}

pub(crate) fn run(options: &Options) -> Result<(), String> {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        PANICKED.store(true, Ordering::SeqCst);
        hook(info);
    }));
    thread::spawn(|| CURRENT.watch());
    if let (Some(file), [target]) = (&options.reproduce, options.targets.as_slice()) {
        let input = fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        return attempt(*target, input);
    }
    println!("seed {}", options.seed);
    options.targets.iter().try_for_each(|target| fuzz(*target, options))
}

fn fuzz(target: Target, options: &Options) -> Result<(), String> {
    let seeds = seeds(target).map_err(|error| format!("cannot read the seeds of {}: {error}", target.name))?;
    let mut random = Rng::with_seed(options.seed);
    let began = now();
    let mut runs = 0;
    while match options.until {
        Until::Runs(most) => runs < most,
        Until::Time(time) => began.elapsed() < time,
    } {
        let input = match seeds.get(runs as usize) {
            Some(seed) => seed.clone(),
            None => mutated(&mut random, &seeds, target.tokens),
        };
        if options.trace {
            keep(target, "trace", &input).map_err(|error| format!("cannot write the trace: {error}"))?;
        }
        attempt(target, input)?;
        runs += 1;
    }
    println!("{}: {runs} inputs in {:.1} s, no finding", target.name, began.elapsed().as_secs_f64());
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "`--seconds` is about real time")]
fn now() -> Instant {
    Instant::now()
}

fn attempt(target: Target, input: Vec<u8>) -> Result<(), String> {
    CURRENT.set(Some((target, input.clone())));
    let ended = catch_unwind(|| (target.check)(&input));
    CURRENT.set(None);
    if ended.is_ok() && !PANICKED.load(Ordering::SeqCst) {
        return Ok(());
    }
    Err(finding(target, &input, "failed"))
}

/// The seeds in the order of their names.
fn seeds(target: Target) -> io::Result<Vec<Vec<u8>>> {
    let files = fs::read_dir(home().join("seeds").join(target.name))?;
    let mut paths = files.map(|file| file.map(|file| file.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.sort();
    paths.into_iter().map(fs::read).collect()
}

/// Keeps the input, and says how to try it again.
fn finding(target: Target, input: &[u8], what: &str) -> String {
    let mut hasher = DefaultHasher::new();
    input.hash(&mut hasher);
    let name = target.name;
    match keep(target, &format!("{:016x}", hasher.finish()), input) {
        Ok(path) => {
            let path = path.display();
            format!(
                "{name} {what}; try it again with\n  \
                 cargo run --manifest-path fuzz/Cargo.toml -- --target {name} --reproduce {path}"
            )
        }
        Err(error) => format!("{name} {what}, and the input could not be written: {error}\n{input:?}"),
    }
}

fn keep(target: Target, name: &str, input: &[u8]) -> io::Result<PathBuf> {
    let folder = home().join("artifacts").join(target.name);
    fs::create_dir_all(&folder)?;
    let path = folder.join(name);
    fs::write(&path, input)?;
    Ok(path)
}

/// The folder of this package.
fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
