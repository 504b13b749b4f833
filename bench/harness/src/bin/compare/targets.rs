//! The targets that klime has to meet, numbered as in the project's list of measured limits.

use std::fs;
use std::path::Path;

use crate::figures::short;
use crate::runs::{Runs, median};

/// One row of the verdict.
pub(crate) struct Target {
    number: u8,
    name: &'static str,
    wanted: &'static str,
    measured: String,
    /// `None`: not measured in this run.
    pub(crate) is_met: Option<bool>,
}

/// A figure that decides: what it is called, its value, and whether that is good enough.
struct Part(&'static str, Option<f64>, fn(f64) -> bool);

/// Bytes of the smallest program that uses klime, over those of an empty one.
pub(crate) fn size_over_hello(programs: &Path) -> Option<f64> {
    let bytes = |name| {
        fs::metadata(programs.join(name))
            .ok()
            .map(|data| data.len() as f64)
    };
    Some(bytes("size")? - bytes("hello")?)
}

/// Every target, judged by the medians; ratios are taken within a cycle, against peers measured side by side.
pub(crate) fn all(runs: &Runs, crates: Option<f64>, size: Option<f64>) -> Vec<Target> {
    let mut targets = calls(runs);
    targets.extend(delivery(runs));
    targets.extend(costs(runs, crates, size));
    targets.sort_by_key(|target| target.number);
    targets
}

fn calls(runs: &Runs) -> Vec<Target> {
    let p50 = |mode| median(&runs.series("klime", mode, "p50_ns"));
    let paced_p50 = versus(runs, "paced", "p50_ns", "posthog-rs");
    let paced_p99 = versus(runs, "paced", "p99_ns", "posthog-rs");
    let fast_server = runs.series("klime", "paced", "p99_ns");
    let slow_server = ratio(&runs.series("klime", "paced-100ms", "p99_ns"), &fast_server);
    vec![
        target(
            1,
            "call, paced, p50",
            "≤ 2.5 µs and 0.2 × posthog-rs",
            &[
                Part("µs", p50("paced").map(|nanos| nanos / 1e3), |us| us <= 2.5),
                Part("× posthog-rs", paced_p50, |ratio| ratio <= 0.2),
            ],
        ),
        target(
            2,
            "call, paced, p99",
            "≤ 2/3 × posthog-rs",
            &[Part("× posthog-rs", paced_p99, |ratio| ratio <= 2.0 / 3.0)],
        ),
        target(
            3,
            "p99, 100 ms server ÷ 0 ms server",
            "≤ 1.5, no call over 1 ms because of HTTP",
            &[
                Part("×", slow_server, |ratio| ratio <= 1.5),
                Part("such calls at most", slow_waits(runs), |calls| calls == 0.0),
            ],
        ),
        target(
            4,
            "call, burst, p50",
            "≤ 350 ns",
            &[Part("ns", p50("burst"), |nanos| nanos <= 350.0)],
        ),
    ]
}

fn delivery(runs: &Runs) -> Vec<Target> {
    let burst = |peer| versus(runs, "burst", "events_per_s", peer);
    let posthog_slow = runs.series("posthog-rs", "slow", "events_per_s");
    let slow = |mode| ratio(&runs.series("klime", mode, "events_per_s"), &posthog_slow);
    vec![
        target(
            5,
            "events/s, burst",
            "≥ 5 × posthog-rs, 2.5 × OpenTelemetry, 2 × segment",
            &[
                Part("× posthog-rs", burst("posthog-rs"), |ratio| ratio >= 5.0),
                Part("× OpenTelemetry", burst("opentelemetry"), |ratio| {
                    ratio >= 2.5
                }),
                Part("× segment", burst("segment"), |ratio| ratio >= 2.0),
            ],
        ),
        target(
            7,
            "events/s, slow, 8 in flight (4)",
            "≥ 5 × (3 ×) posthog-rs",
            &[
                Part("× with 8", slow("slow-8"), |ratio| ratio >= 5.0),
                Part("× with 4", slow("slow"), |ratio| ratio >= 3.0),
            ],
        ),
        target(
            8,
            "events lost and not counted",
            "none, in any run",
            &[Part("events", uncounted(runs), |events| events == 0.0)],
        ),
    ]
}

fn costs(runs: &Runs, crates: Option<f64>, size: Option<f64>) -> Vec<Target> {
    let cpu = median(&runs.series("klime", "burst", "cpu_s_per_million"));
    vec![
        target(
            6,
            "CPU per million events, burst",
            "≤ 1.2 s",
            &[Part("s", cpu, |seconds| seconds <= 1.2)],
        ),
        target(
            9,
            "peak memory above the harness",
            "≤ 6 MB",
            &[Part("MB", memory(runs), |megabytes| megabytes <= 6.0)],
        ),
        target(
            10,
            "crates; binary over an empty one",
            "≤ 45; ≤ 2.6 MB",
            &[
                Part("crates", crates, |crates| crates <= 45.0),
                Part("MB", size.map(|bytes| bytes / 1e6), |megabytes| {
                    megabytes <= 2.6
                }),
            ],
        ),
    ]
}

/// The verdict as a table.
pub(crate) fn table(targets: &[Target]) -> String {
    let mut text =
        "## Targets\n\n| # | target | wanted | measured | |\n|---|---|---|---|---|\n".to_owned();
    for Target {
        number,
        name,
        wanted,
        measured,
        is_met,
    } in targets
    {
        let verdict = match is_met {
            Some(true) => "pass",
            Some(false) => "**miss**",
            None => "not measured",
        };
        text += &format!("| {number} | {name} | {wanted} | {measured} | {verdict} |\n");
    }
    text
}

fn target(number: u8, name: &'static str, wanted: &'static str, parts: &[Part]) -> Target {
    let measured: Vec<String> = parts
        .iter()
        .filter_map(|part| Some(format!("{} {}", short(part.1?), part.0)))
        .collect();
    let verdicts: Vec<Option<bool>> = parts.iter().map(|part| part.1.map(part.2)).collect();
    let is_met = if verdicts.contains(&Some(false)) {
        Some(false)
    } else if verdicts.contains(&None) {
        None
    } else {
        Some(true)
    };
    Target {
        number,
        name,
        wanted,
        measured: measured.join(", "),
        is_met,
    }
}

/// klime's figure over the peer's.
fn versus(runs: &Runs, mode: &str, figure: &str, peer: &str) -> Option<f64> {
    ratio(
        &runs.series("klime", mode, figure),
        &runs.series(peer, mode, figure),
    )
}

/// The median of the ratios within each cycle.
fn ratio(ours: &[f64], theirs: &[f64]) -> Option<f64> {
    let ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours / theirs)
        .collect();
    median(&ratios)
}

/// The most calls of one run that were slow and can have waited: on a busy machine a call is also slow when its thread
/// lost the core, but then it did not give it up.
fn slow_waits(runs: &Runs) -> Option<f64> {
    let slow = runs.series("klime", "paced-100ms", "calls_over_1ms");
    let waits = runs.series("klime", "paced-100ms", "waits");
    slow.iter()
        .zip(&waits)
        .map(|(slow, waits)| slow.min(*waits))
        .reduce(f64::max)
}

/// Events that neither arrived nor were counted as lost, or that did both, in all runs.
fn uncounted(runs: &Runs) -> Option<f64> {
    let amounts = runs
        .of("klime")
        .filter_map(|(_, figures)| figures.get("uncounted"));
    amounts.map(f64::abs).reduce(|sum, amount| sum + amount)
}

fn memory(runs: &Runs) -> Option<f64> {
    let ours = runs.series("klime", "memory", "peak_kib");
    let floor = runs.series("noop", "memory", "peak_kib");
    let above: Vec<f64> = ours
        .iter()
        .zip(&floor)
        .map(|(ours, floor)| (ours - floor) * 1024.0 / 1e6)
        .collect();
    median(&above)
}

#[cfg(test)]
mod tests {
    use super::{Part, target};

    #[test]
    fn a_target_is_met_when_all_of_its_parts_are() {
        let check = |first, second, expected| {
            let parts = [
                Part("", first, |value| value <= 1.0),
                Part("", second, |value| value >= 2.0),
            ];
            assert_eq!(target(0, "", "", &parts).is_met, expected);
        };
        check(Some(1.0), Some(2.0), Some(true));
        check(Some(1.0), Some(1.0), Some(false));
        check(None, Some(1.0), Some(false));
        check(Some(1.0), None, None);
    }
}
