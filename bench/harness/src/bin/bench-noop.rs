//! The floor: a peer that does nothing. What it shows is the harness's own time, CPU and memory.

#![forbid(unsafe_code)]

use bench_harness::{Event, Failure, Peer, Settings};

struct Noop;

impl Peer for Noop {
    fn open(_endpoint: &str, _settings: &Settings) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn emit(&mut self, event: &Event<'_>) {
        std::hint::black_box(event);
    }

    fn flush(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

fn main() -> Result<(), Failure> {
    bench_harness::run::<Noop>()
}
