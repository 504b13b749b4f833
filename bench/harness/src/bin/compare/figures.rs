//! The figures as tables, one for each mode.

use bench_harness::Mode;

use crate::runs::{Runs, median};

/// A column: its head, the figure it shows, and what one unit of it is in the figure's unit.
type Column = (&'static str, &'static str, f64);

const LATENCIES: [Column; 4] = [
    ("p50 µs", "p50_ns", 1e3),
    ("p99 µs", "p99_ns", 1e3),
    ("p99.9 µs", "p999_ns", 1e3),
    ("max µs", "max_ns", 1e3),
];
const SLOW_CALLS: [Column; 2] = [
    ("calls over 1 ms", "calls_over_1ms", 1.0),
    ("waits", "waits", 1.0),
];
const RATES: [Column; 2] = [
    ("events/s", "events_per_s", 1.0),
    ("CPU s per million", "cpu_s_per_million", 1.0),
];
const WIRE: [Column; 3] = [
    ("requests", "requests", 1.0),
    ("connections", "connections", 1.0),
    ("bytes an event", "bytes_per_event", 1.0),
];
const PEAK: Column = ("peak RSS MB", "peak_kib", 1e6 / 1024.0);
const LOSSES: [Column; 3] = [
    ("arrived", "events", 1.0),
    ("lost, counted", "counted", 1.0),
    ("lost, not counted", "uncounted", 1.0),
];

/// A table for each mode that was measured, under its heading.
pub(crate) fn tables(runs: &Runs, peers: &[&str]) -> String {
    let measured = |mode: &&Mode| peers.iter().any(|peer| is_measured(runs, peer, mode.name));
    let tables = Mode::ALL.iter().filter(measured);
    tables.map(|mode| table(runs, peers, mode)).collect()
}

fn columns(mode: &str) -> Vec<Column> {
    match mode {
        "paced" | "paced-100ms" => [&LATENCIES[..], &SLOW_CALLS].concat(),
        "burst" => [&LATENCIES[..], &RATES, &[PEAK], &WIRE].concat(),
        "loss" => LOSSES.to_vec(),
        "memory" => vec![RATES[0], PEAK],
        _ => [&RATES[..], &[PEAK], &WIRE].concat(),
    }
}

fn is_measured(runs: &Runs, peer: &str, mode: &str) -> bool {
    !runs.series(peer, mode, "p50_ns").is_empty()
}

fn table(runs: &Runs, peers: &[&str], mode: &Mode) -> String {
    let columns = columns(mode.name);
    let heads: Vec<&str> = columns.iter().map(|column| column.0).collect();
    let rule = "|---".repeat(columns.len());
    let mut text = format!(
        "## {}\n\n| peer | {} |\n|---{rule}|\n",
        mode.title,
        heads.join(" | ")
    );
    for peer in peers
        .iter()
        .filter(|peer| is_measured(runs, peer, mode.name))
    {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| cell(runs, peer, mode.name, column))
            .collect();
        text += &format!("| {peer} | {} |\n", cells.join(" | "));
    }
    text + "\n"
}

fn cell(runs: &Runs, peer: &str, mode: &str, column: &Column) -> String {
    let (_, figure, unit) = *column;
    if !says_something(peer, column) {
        return "–".to_owned();
    }
    let values: Vec<f64> = runs
        .series(peer, mode, figure)
        .iter()
        .map(|value| value / unit)
        .collect();
    let Some(middle) = median(&values) else {
        return "–".to_owned();
    };
    let low = short(values.iter().copied().fold(middle, f64::min));
    let high = short(values.iter().copied().fold(middle, f64::max));
    let middle = short(middle);
    if low == high {
        middle
    } else {
        format!("{middle} ({low} – {high})")
    }
}

/// The floor sends nothing, and a call of the bound is no call of an SDK.
fn says_something(peer: &str, column: &Column) -> bool {
    match peer {
        "noop" => LATENCIES.contains(column) || SLOW_CALLS.contains(column) || *column == PEAK,
        "raw" => !LATENCIES.contains(column),
        _ => true,
    }
}

/// Three digits that count, and commas.
pub(crate) fn short(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 | 100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + if value.fract() == 0.0 { "" } else { rest }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn numbers_are_short() {
        let check = |value, expected: &str| assert_eq!(short(value), expected);
        check(0.0, "0");
        check(0.0312, "0.031");
        check(0.285, "0.285");
        check(1.4, "1.40");
        check(23.0, "23");
        check(999.6, "1,000");
        check(-24_300.0, "-24,300");
        check(1_048_123.4, "1,048,123");
    }
}
