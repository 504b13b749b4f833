//! One run: the calls, the clock around each, and what the process and the collector say afterwards.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{cpu_seconds, peak_memory_kib, waits_of_this_thread};
use crate::{Event, Failure, Figures, Mode, Peer, UserId, collector};

/// What the loop of calls found out.
struct Calls {
    /// How long each call took.
    nanos: Vec<u32>,
    /// How often the calling thread waited, the pauses between paced calls apart.
    waits: u64,
}

/// Runs the mode against the collector.
pub(crate) fn measure<P: Peer>(mode: &Mode, address: SocketAddr) -> Result<Figures, Failure> {
    let mut peer = P::open(&format!("http://{address}"), &mode.settings)?;
    let cpu = cpu_seconds();
    let start = Instant::now();
    let calls = call(&mut peer, mode);
    peer.flush()?;
    let wall = start.elapsed().as_secs_f64();
    let cpu = cpu_seconds() - cpu;

    let mut figures = settled_counts(address, mode.events)?;
    let arrived = figures.get("events").unwrap_or(0.0);
    let counted = peer.counted_losses() as f64;
    figures.set("counted", counted);
    figures.set("uncounted", mode.events as f64 - arrived - counted);
    figures.set("events_per_s", arrived / wall);
    figures.set("cpu_s_per_million", cpu * 1e6 / arrived.max(1.0));
    figures.set(
        "bytes_per_event",
        figures.get("bytes").unwrap_or(0.0) / arrived.max(1.0),
    );
    figures.set("peak_kib", peak_memory_kib() as f64);
    figures.set("waits", calls.waits as f64);
    add_latencies(&mut figures, calls.nanos);
    Ok(figures)
}

fn call<P: Peer>(peer: &mut P, mode: &Mode) -> Calls {
    let mut nanos = Vec::with_capacity(mode.events);
    let mut pauses = 0;
    let waits = waits_of_this_thread();
    let start = Instant::now();
    for n in 0..mode.events {
        if let Some(pace) = mode.pace {
            let pause = (start + pace * n as u32).saturating_duration_since(Instant::now());
            if !pause.is_zero() {
                thread::sleep(pause);
                pauses += 1;
            }
        }
        let user_id = UserId::nth(n);
        let event = Event::of(user_id.as_str());
        let before = Instant::now();
        peer.emit(&event);
        let took = before.elapsed().as_nanos();
        nanos.push(u32::try_from(took).unwrap_or(u32::MAX));
    }
    Calls {
        nanos,
        waits: waits_of_this_thread().saturating_sub(waits + pauses),
    }
}

fn add_latencies(figures: &mut Figures, mut nanos: Vec<u32>) {
    nanos.sort_unstable();
    let Some(&slowest) = nanos.last() else { return };
    for (name, share) in [("p50_ns", 0.5), ("p99_ns", 0.99), ("p999_ns", 0.999)] {
        let rank = (nanos.len() as f64 * share).ceil() as usize;
        let nearest = nanos
            .get(rank.saturating_sub(1))
            .copied()
            .unwrap_or(slowest);
        figures.set(name, f64::from(nearest));
    }
    figures.set("max_ns", f64::from(slowest));
    let slow = nanos
        .iter()
        .rev()
        .take_while(|&&took| took > 1_000_000)
        .count();
    figures.set("calls_over_1ms", slow as f64);
}

/// The collector's counts once all events are there, or once nothing has come for half a second.
fn settled_counts(address: SocketAddr, expected: usize) -> Result<Figures, Failure> {
    let mut counts = collector::counts(address)?;
    let mut quiet_rounds = 0;
    while quiet_rounds < 10 && counts.get("events") < Some(expected as f64) {
        thread::sleep(Duration::from_millis(50));
        let newer = collector::counts(address)?;
        quiet_rounds = if newer == counts { quiet_rounds + 1 } else { 0 };
        counts = newer;
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::add_latencies;
    use crate::Figures;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let mut figures = Figures::default();
        add_latencies(&mut figures, (1..=1000).rev().map(|n| n * 1_010).collect());
        assert_eq!(figures.get("p50_ns"), Some(505_000.0));
        assert_eq!(figures.get("p99_ns"), Some(999_900.0));
        assert_eq!(figures.get("max_ns"), Some(1_010_000.0));
        assert_eq!(figures.get("calls_over_1ms"), Some(10.0));
    }
}
