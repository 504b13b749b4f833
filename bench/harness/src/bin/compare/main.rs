//! Runs every peer in every mode, some cycles over, and prints the figures and the targets as Markdown.
//!
//! `compare <folder of the programs> [--cycles N] [--skip PEER]… [--crates N]`; `bench/run` builds all and calls it.
//! Ends with 1 when a target was missed.

#![forbid(unsafe_code)]

mod figures;
mod runs;
mod targets;

use std::path::PathBuf;
use std::process::ExitCode;

use bench_harness::{Failure, Mode};

use crate::runs::{Runs, run};

const PEERS: [&str; 6] = [
    "noop",
    "raw",
    "posthog-rs",
    "opentelemetry",
    "segment",
    "klime",
];

struct Options {
    programs: PathBuf,
    cycles: usize,
    skipped: Vec<String>,
    /// Crates in klime's default tree, counted by `bench/run`.
    crates: Option<f64>,
}

fn main() -> Result<ExitCode, Failure> {
    let options = options()?;
    let mut runs = Runs::default();
    let load = runs::load_of_the_machine();
    for cycle in 1..=options.cycles {
        for mode in Mode::ALL {
            let peers = PEERS
                .into_iter()
                .filter(|peer| is_measured(peer, mode.name));
            for peer in peers.filter(|peer| !options.skipped.iter().any(|skipped| skipped == peer))
            {
                eprintln!("cycle {cycle}/{}: {peer}, {}", options.cycles, mode.name);
                runs.add(peer, mode.name, run(&options.programs, peer, mode)?);
            }
        }
    }
    println!("# Comparison with the peers\n");
    println!(
        "Medians of {} cycle(s), lowest – highest in brackets. {load}.\n",
        options.cycles
    );
    print!("{}", figures::tables(&runs, &PEERS));
    let targets = targets::all(
        &runs,
        options.crates,
        targets::size_over_hello(&options.programs),
    );
    print!("{}", targets::table(&targets));
    let missed = targets.iter().any(|target| target.is_met == Some(false));
    Ok(if missed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The floor and the bound have no rows where they would say nothing; only klime can set the requests in flight.
fn is_measured(peer: &str, mode: &str) -> bool {
    match peer {
        "noop" => matches!(mode, "paced" | "burst" | "memory"),
        "raw" => matches!(mode, "burst" | "slow"),
        "klime" => true,
        _ => mode != "slow-8",
    }
}

fn options() -> Result<Options, Failure> {
    let mut arguments = std::env::args().skip(1);
    let programs = arguments
        .next()
        .ok_or("which folder holds the programs?")?
        .into();
    let mut options = Options {
        programs,
        cycles: 3,
        skipped: Vec::new(),
        crates: None,
    };
    while let Some(name) = arguments.next() {
        let value = arguments
            .next()
            .ok_or_else(|| format!("{name} needs a value"))?;
        match name.as_str() {
            "--cycles" => options.cycles = value.parse::<usize>()?.clamp(1, 20),
            "--skip" if PEERS.contains(&value.as_str()) => options.skipped.push(value),
            "--crates" => options.crates = Some(value.parse()?),
            _ => return Err(format!("unknown: {name} {value}").into()),
        }
    }
    Ok(options)
}
