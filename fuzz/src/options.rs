//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use klime_fuzz::{TARGETS, Target};

pub(crate) const USAGE: &str = "\
usage: klime-fuzz [--target NAME] [--runs N | --seconds N] [--seed N] [--trace]
       klime-fuzz --target NAME --reproduce FILE

  --target NAME     only this target, else all of them
  --runs N          so many inputs for each target (default 2000)
  --seconds N       so long for each target
  --seed N          repeat the run that printed this seed
  --trace           write each input to artifacts/ before it is tried, for an abort or a stack overflow
  --reproduce FILE  try this input once";

/// When a target has been run for long enough.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Runs(u64),
    Time(Duration),
}

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) targets: Vec<Target>,
    pub(crate) until: Until,
    pub(crate) seed: u64,
    pub(crate) trace: bool,
    pub(crate) reproduce: Option<PathBuf>,
}

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            targets: TARGETS.to_vec(),
            until: Until::Runs(2000),
            seed: fastrand::u64(..),
            trace: false,
            reproduce: None,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--target" => options.targets = vec![target(&value()?)?],
                "--runs" => options.until = Until::Runs(number(&value()?)?),
                "--seconds" => options.until = Until::Time(Duration::from_secs(number(&value()?)?)),
                "--seed" => options.seed = number(&value()?)?,
                "--trace" => options.trace = true,
                "--reproduce" => options.reproduce = Some(value()?.into()),
                _ => return Err(format!("unknown option {argument}")),
            }
        }
        if options.reproduce.is_some() && options.targets.len() > 1 {
            return Err("--reproduce needs a --target".to_owned());
        }
        Ok(options)
    }
}

fn target(name: &str) -> Result<Target, String> {
    let names = TARGETS.map(|target| target.name).join(", ");
    TARGETS.into_iter().find(|target| target.name == name).ok_or(format!("no target {name}, there are: {names}"))
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}
