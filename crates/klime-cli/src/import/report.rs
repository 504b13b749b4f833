//! What an import or a dry run says at its end, for people and as JSON.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use klime::Stats;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Checked;
use super::counts::{Counts, FaultCount, Repeated};
use super::next::Next;
use super::outline::Outline;
use super::repeats::MAX_IDS;
use super::run::{Ended, behind, counted, grouped};
use crate::exit::Exit;
use crate::print;

/// The outcome. Its JSON is the last line of `--json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome<'o> {
    status: &'static str,
    file: &'o str,
    /// Of all runs together that the checkpoint knows of.
    #[serde(flatten)]
    counts: &'o Counts,
    /// The line behind the last record that is settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The SDK's books of this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    books: Option<&'o Stats>,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_file: Option<&'o Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'o str>,
    /// Of a dry run: which part of an event comes from where, and the first event that would be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    mapping: Option<&'o Outline>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<&'o RawValue>,
}

impl<'o> Outcome<'o> {
    /// What every outcome has.
    fn new(status: &'static str, file: &'o str, counts: &'o Counts, took: Duration) -> Self {
        Self {
            status,
            file,
            counts,
            line: None,
            books: None,
            seconds: took.as_secs_f64(),
            refused_file: None,
            error: None,
            mapping: None,
            first: None,
        }
    }
}

/// Nothing was done, because of this.
pub(super) fn usage(message: &str, exit: Exit, json: bool) -> Exit {
    if json {
        let status = if exit == Exit::Usage { "usage" } else { "stopped" };
        print::line(serde_json::json!({ "status": status, "error": message }));
    } else {
        print::error(print::printable(message));
    }
    exit
}

/// Says what a dry run has found.
pub(super) fn dry_run(file: &str, checked: &Checked, mapping: Option<&Outline>, took: Duration, json: bool) -> Exit {
    let Checked { counts, first } = checked;
    let (status, exit) = of_records(counts, "valid");
    if json {
        let first = first.as_ref().and_then(|(_, event)| serde_json::from_str(event).ok());
        let outcome = Outcome { mapping, first, ..Outcome::new(status, file, counts, took) };
        print::line(serde_json::to_string(&outcome).unwrap_or_default());
        return exit;
    }
    show_mapping(mapping, first.as_ref());
    print::line(format_args!("{}: {} checked, nothing was sent", print::printable(file), counted(counts.records)));
    print::line(table(counts, "valid").trim_end());
    exit
}

/// Shows what is done with columns, and what comes of the first record.
fn show_mapping(mapping: Option<&Outline>, first: Option<&(u64, String)>) {
    if let Some(mapping) = mapping {
        print::line("mapping");
        mapping.lines().for_each(|line| print::line(print::printable(&line)));
    }
    if let Some((line, event)) = first {
        print::line(format_args!("first event, of line {line}"));
        let event =
            serde_json::from_str::<serde_json::Value>(event).and_then(|event| serde_json::to_string_pretty(&event));
        event.unwrap_or_default().lines().for_each(|line| print::line(format_args!("  {}", print::printable(line))));
    }
}

/// The word for how an import ended, and its exit status.
fn status(ended: &Ended) -> (&'static str, Exit) {
    match &ended.stopped {
        Some(stop) => ("stopped", stop.exit),
        None => of_records(&ended.counts, "complete"),
    }
}

/// The same where it came to the end of the source.
fn of_records(counts: &Counts, good: &'static str) -> (&'static str, Exit) {
    match counts {
        _ if counts.is_whole() => (good, Exit::Taken),
        Counts { refused: 0, .. } => ("repeated", Exit::Refused),
        _ => ("refused", Exit::Refused),
    }
}

/// What a mended copy of the refused file may be called.
fn mended_path(refused: &Path) -> PathBuf {
    let name = refused.to_str().and_then(|name| name.strip_suffix(".refused.ndjson"));
    match name {
        Some(name) => format!("{name}.mended.ndjson").into(),
        None => [refused.as_os_str(), OsStr::new(".mended")].join(OsStr::new("")).into(),
    }
}

fn refused_file(ended: &Ended) -> Option<&Path> {
    (ended.refused_bytes > 0).then_some(ended.refused_path.as_path())
}

/// Says how an import ended, as JSON.
pub(super) fn ended_as_json(file: &str, ended: &Ended, took: Duration) -> Exit {
    let (status, exit) = status(ended);
    let outcome = Outcome {
        line: Some(ended.position.lines),
        books: Some(&ended.books),
        refused_file: refused_file(ended),
        error: ended.stopped.as_ref().map(|stop| stop.message.as_str()),
        ..Outcome::new(status, file, &ended.counts, took)
    };
    print::line(serde_json::to_string(&outcome).unwrap_or_default());
    exit
}

/// Says how an import ended, and what is to be done next.
pub(super) fn ended(file: &str, ended: &Ended, took: Duration, next: &Next, has_checkpoint: bool) -> Exit {
    let Ended { counts, books, stopped, .. } = ended;
    let rate = books.accepted as f64 / took.as_secs_f64().max(0.001);
    let how = match stopped {
        Some(_) => format!("stopped {}", behind(ended.position)),
        None => "complete".to_owned(),
    };
    let how = match ended.was_complete {
        true => "was complete already, nothing was sent".to_owned(),
        false => format!("{how}, after {:.1} s at {} events/s", took.as_secs_f64(), grouped(rate as u64)),
    };
    print::line(format_args!("{}: {how}", print::printable(file)));
    print::line(table(counts, "accepted").trim_end());
    print::line(format_args!("books of this run: {books}"));
    if let Some(path) = refused_file(ended) {
        let copy = mended_path(path);
        let (name, shown) = (path.display().to_string(), copy.display().to_string());
        print::line(format_args!(
            "refused records are in {}; mend a copy of it, {}, then: {}",
            print::printable(&name),
            print::printable(&shown),
            next.mended(&copy)
        ));
    }
    if let Some(stop) = stopped {
        print::error(print::printable(&stop.message));
        let hint = match has_checkpoint {
            true => "nothing is lost; to go on from there, run",
            false => "nothing is lost; records that arrived count once when you run, with the same input",
        };
        print::line(format_args!("{hint}: {}", next.resume()));
    }
    status(ended).1
}

/// The counts, a line for each kind of outcome and each fault.
fn table(counts: &Counts, good: &str) -> String {
    let mut text = String::new();
    let list = |counts: &std::collections::BTreeMap<String, u64>| {
        counts.iter().map(|(name, count)| format!("{name} {}", grouped(*count))).collect::<Vec<_>>().join(", ")
    };
    let mut row = |name: &str, count: u64, details: &str| {
        let _ = writeln!(text, "  {name:<9} {:>13}   {details}", grouped(count));
    };
    row("records", counts.records, "");
    row(good, counts.accepted, &list(&counts.types));
    let Repeated { same, other, unknown } = &counts.repeated;
    if same + other.count + unknown > 0 {
        row("repeated", same + other.count, "of them, with the id of an earlier record; Klime counts each id once");
    }
    if *same > 0 {
        row("", *same, "the same again");
    }
    if other.count > 0 {
        row("", other.count, &format!("not the same, and so lost, {}", found(other)));
    }
    if *unknown > 0 {
        row(
            "",
            *unknown,
            &format!("not known: their ids were compared with the first {} only", grouped(MAX_IDS as u64)),
        );
    }
    row("refused", counts.refused, "");
    for (code, fault) in &counts.faults {
        for kind in fault.kinds.values() {
            row("", kind.count, &format!("{}, {}", print::printable(code), found(kind)));
        }
    }
    row("skipped", counts.skipped, &list(&counts.reasons));
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Where a fault was found, and what is wrong with the first.
fn found(fault: &FaultCount) -> String {
    let lines = fault.lines.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let more = if fault.count > fault.lines.len() as u64 { ", …" } else { "" };
    let word = if fault.count == 1 { "line" } else { "lines" };
    format!("{word} {lines}{more}: {}", print::printable(&fault.first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::repeats::Repeat;

    #[test]
    fn faults_are_listed_with_their_first_lines() {
        let mut counts = Counts::default();
        (1..=7).for_each(|line| counts.refuse(line, "missing_field", "\"userId\" is missing"));
        counts.refuse(12, "invalid_json", "it is not JSON\u{1b}");
        (0..1234).for_each(|_| counts.accept(1, "track", Repeat::First));
        (1300..1306).for_each(|line| counts.accept(line, "track", Repeat::Other("\"messageId\" is \"a\"".to_owned())));
        counts.accept(1400, "track", Repeat::Same);
        counts.accept(1500, "track", Repeat::Unknown);
        counts.skip("alias");
        insta::assert_snapshot!(table(&counts, "accepted"), @r#"
          records           1,251
          accepted          1,242   track 1,242
          repeated              7   of them, with the id of an earlier record; Klime counts each id once
                                1   the same again
                                6   not the same, and so lost, lines 1300, 1301, 1302, 1303, 1304, …: "messageId" is "a"
                                1   not known: their ids were compared with the first 3,500,000 only
          refused               8
                                1   invalid_json, line 12: it is not JSON\u{1b}
                                7   missing_field, lines 1, 2, 3, 4, 5, …: "userId" is missing
          skipped               1   alias 1
        "#);
    }
}
