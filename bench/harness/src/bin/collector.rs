//! The collector as a process: prints its address, answers after the delay (in ms), ends when its input is closed.

#![forbid(unsafe_code)]

use std::io::Read;
use std::time::Duration;

use bench_harness::{Failure, collector};

fn main() -> Result<(), Failure> {
    let delay = std::env::args().nth(1).map_or(Ok(0), |text| text.parse())?;
    println!("{}", collector::start(Duration::from_millis(delay))?);
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
