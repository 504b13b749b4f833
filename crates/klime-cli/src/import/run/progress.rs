//! How far it is: a bar on a terminal, lines in a log, objects with `--json`.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::import::checkpoint::Checkpoint;
use crate::import::read::Position;

/// The rate is that of so long.
const SPAN: Duration = Duration::from_secs(5);
/// Between two lines of a log.
const LINES_EVERY: Duration = Duration::from_secs(5);
/// How wide the bar is: so much where there is room for it, and none where there is not for so much.
const WIDTH: usize = 24;
const LEAST_WIDTH: usize = 8;
/// Of a terminal that does not say how wide it is.
const COLUMNS: usize = 80;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Bar,
    Lines,
    Json,
}

/// How far an import is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress {
    /// The records that are settled, and those of them that were refused.
    pub(super) records: u64,
    pub(super) refused: u64,
    /// The bytes that they have, and the source has.
    pub(super) bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_bytes: Option<u64>,
}

impl Progress {
    /// How far that is of a source with so many bytes.
    pub(super) fn of(checkpoint: &Checkpoint, total_bytes: Option<u64>) -> Self {
        let Checkpoint { counts, position, .. } = checkpoint;
        Self { records: counts.records, refused: counts.refused, bytes: position.bytes, total_bytes }
    }
}

/// Progress with its speed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    status: &'static str,
    #[serde(flatten)]
    progress: Progress,
    records_per_second: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<u64>,
    /// Why it does not get on.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

/// Measures and shows progress. It is told the time.
#[derive(Debug)]
pub(super) struct Display {
    form: Form,
    samples: VecDeque<(Instant, Progress)>,
    last_line: Option<Instant>,
    has_bar: bool,
    has_trouble: bool,
}

impl Display {
    pub(super) fn new(json: bool) -> Self {
        let form = match json {
            true => Form::Json,
            // A dumb one cannot take a line back.
            false if io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb") => {
                Form::Bar
            }
            false => Form::Lines,
        };
        Self { form, samples: VecDeque::new(), last_line: None, has_bar: false, has_trouble: false }
    }

    /// Shows it, if it is time to; trouble that is new is told at once.
    pub(super) fn show(&mut self, progress: Progress, trouble: Option<&str>, now: Instant) {
        let told = Told { trouble: trouble.map(crate::print::printable), ..self.measure(progress, now) };
        let had_trouble = std::mem::replace(&mut self.has_trouble, trouble.is_some());
        let is_new = trouble.is_some() && !had_trouble;
        let is_due = self.is_due(now, is_new);
        match self.form {
            Form::Bar => {
                self.has_bar = true;
                // Progress that cannot be shown is no reason to stop.
                let _ = write!(io::stderr(), "\r\x1b[2K{}", bar(&told, columns()));
            }
            Form::Lines if is_due => {
                let _ = writeln!(io::stderr(), "{}", sentence(&told));
            }
            Form::Json if is_due => crate::print::line(serde_json::to_string(&told).unwrap_or_default()),
            Form::Lines | Form::Json => {}
        }
    }

    /// Says what should be known at once; with `--json` it is in the outcome.
    pub(super) fn warn(&mut self, warning: &str) {
        if self.form != Form::Json {
            self.clear();
            crate::print::warning(warning);
        }
    }

    /// Takes the bar away, for other lines to come.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.has_bar) {
            let _ = write!(io::stderr(), "\r\x1b[2K");
        }
    }

    /// A line is due when the last one is long ago; the first one is only after that time.
    fn is_due(&mut self, now: Instant, is_urgent: bool) -> bool {
        let last = *self.last_line.get_or_insert(now);
        let is_due = is_urgent || now.saturating_duration_since(last) >= LINES_EVERY;
        if is_due {
            self.last_line = Some(now);
        }
        is_due
    }

    fn measure(&mut self, progress: Progress, now: Instant) -> Told {
        self.samples.push_back((now, progress));
        while self.samples.len() > 2
            && self.samples.get(1).is_some_and(|(then, _)| now.saturating_duration_since(*then) >= SPAN)
        {
            self.samples.pop_front();
        }
        let (then, before) = self.samples.front().copied().unwrap_or((now, progress));
        let seconds = now.saturating_duration_since(then).as_secs_f64();
        let per_second =
            |now: u64, then: u64| if seconds > 0.0 { now.saturating_sub(then) as f64 / seconds } else { 0.0 };
        let bytes_per_second = per_second(progress.bytes, before.bytes);
        let left = progress.total_bytes.map(|total| total.saturating_sub(progress.bytes) as f64 / bytes_per_second);
        Told {
            status: "running",
            progress,
            records_per_second: per_second(progress.records, before.records).round() as u64,
            seconds_left: left.filter(|left| left.is_finite()).map(|left| left.ceil() as u64),
            trouble: None,
        }
    }
}

/// How wide the terminal is now.
fn columns() -> usize {
    #[cfg(unix)]
    let said = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| size.ws_col.into());
    #[cfg(not(unix))]
    let said = 0;
    if said == 0 { COLUMNS } else { said }
}

/// A line with a bar that does not reach the last column, behind which a terminal begins another one.
fn bar(told: &Told, columns: usize) -> String {
    let (words, room) = (sentence(told), columns.saturating_sub(1));
    let width = room.saturating_sub(words.len() + 1).min(WIDTH);
    if let (Some(total), true) = (told.progress.total_bytes, width >= LEAST_WIDTH) {
        let filled = told.progress.bytes as f64 / total.max(1) as f64 * width as f64;
        let bar: String = (0..width).map(|at| if at < filled as usize { '█' } else { '░' }).collect();
        return format!("{bar} {words}");
    }
    let mut words = words.as_str();
    while let (true, Some((first, _))) = (words.len() > room, words.rsplit_once(", ")) {
        words = first;
    }
    crate::print::first_chars(words, room).to_owned()
}

fn sentence(told: &Told) -> String {
    let Progress { records, refused, bytes, total_bytes } = told.progress;
    let mut text = String::new();
    if let Some(total) = total_bytes {
        let _ = write!(text, "{:>3}% ", bytes.saturating_mul(100) / total.max(1));
    }
    if let Some(trouble) = &told.trouble {
        let _ = write!(text, "{trouble}, {}", counted(records));
        return text;
    }
    let _ = write!(text, "{}, {}/s", counted(records), grouped(told.records_per_second));
    if refused > 0 {
        let _ = write!(text, ", {} refused", grouped(refused));
    }
    if let Some(left) = told.seconds_left {
        let _ = write!(text, ", {} left", span(left));
    }
    text
}

/// Where that is, for people.
pub(crate) fn behind(position: Position) -> String {
    match position.lines {
        0 => "before the first line".to_owned(),
        lines => format!("behind line {}", grouped(lines)),
    }
}

/// `1 record`, `1,234 records`.
pub(crate) fn counted(records: u64) -> String {
    format!("{} {}", grouped(records), if records == 1 { "record" } else { "records" })
}

/// `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1h02m`, `3m05s`, `12s`.
fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display() -> Display {
        Display { form: Form::Lines, samples: VecDeque::new(), last_line: None, has_bar: false, has_trouble: false }
    }

    fn progress(records: u64) -> Progress {
        Progress { records, refused: 0, bytes: records * 100, total_bytes: Some(10_000_000) }
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let start = crate::clock::now();
        let mut display = display();
        assert_eq!(display.measure(progress(0), start).records_per_second, 0);
        for second in 1..=20 {
            let told = display.measure(progress(second * 1000), start + Duration::from_secs(second));
            assert_eq!(told.records_per_second, 1000);
            assert_eq!(told.seconds_left, Some(100 - second));
        }
        let told = display.measure(progress(20_000), start + Duration::from_secs(40));
        assert_eq!((told.records_per_second, told.seconds_left), (0, None));
    }

    #[test]
    fn a_line_and_a_bar_say_the_same() {
        let progress = Progress { records: 431_000, refused: 12, bytes: 43, total_bytes: Some(100) };
        let told =
            Told { status: "running", progress, records_per_second: 28_100, seconds_left: Some(62), trouble: None };
        assert_eq!(sentence(&told), " 43% 431,000 records, 28,100/s, 12 refused, 1m02s left");
        for (columns, expected) in [
            (200, "██████████░░░░░░░░░░░░░░  43% 431,000 records, 28,100/s, 12 refused, 1m02s left"),
            (80, "██████████░░░░░░░░░░░░░░  43% 431,000 records, 28,100/s, 12 refused, 1m02s left"),
            (66, "████░░░░░░  43% 431,000 records, 28,100/s, 12 refused, 1m02s left"),
            (60, " 43% 431,000 records, 28,100/s, 12 refused, 1m02s left"),
            (54, " 43% 431,000 records, 28,100/s, 12 refused"),
            (40, " 43% 431,000 records, 28,100/s"),
            (10, " 43% 431,"),
            (0, ""),
        ] {
            let line = bar(&told, columns);
            assert_eq!(line, expected, "{columns}");
            assert!(line.chars().count() < columns.max(1), "{columns}");
        }
        let progress = Progress { total_bytes: None, refused: 0, ..progress };
        let told = Told { seconds_left: None, progress, ..told };
        assert_eq!(bar(&told, 80), "431,000 records, 28,100/s");
        assert_eq!(
            serde_json::to_string(&told).unwrap(),
            r#"{"status":"running","records":431000,"refused":0,"bytes":43,"recordsPerSecond":28100}"#
        );
    }

    #[test]
    fn trouble_is_told_in_place_of_the_speed() {
        let progress = Progress { records: 1200, refused: 0, bytes: 43, total_bytes: Some(100) };
        let trouble = Some("trying until 12:00:00Z: no answer from http://127.0.0.1:9".to_owned());
        let told = Told { status: "running", progress, records_per_second: 0, seconds_left: Some(12), trouble };
        let said = " 43% trying until 12:00:00Z: no answer from http://127.0.0.1:9, 1,200 records";
        assert_eq!((sentence(&told).as_str(), bar(&told, 80).as_str()), (said, said));
        assert_eq!(bar(&told, 70), " 43% trying until 12:00:00Z: no answer from http://127.0.0.1:9");
    }

    #[test]
    fn a_log_gets_a_line_every_few_seconds() {
        let start = crate::clock::now();
        let mut display = display();
        let due = |seconds: &u64| display.is_due(start + Duration::from_secs(*seconds), *seconds == 7);
        assert_eq!((0..20).filter(due).collect::<Vec<_>>(), [5, 7, 12, 17]);
    }

    #[test]
    fn numbers_and_spans_are_written_for_people() {
        assert_eq!([0, 12, 999, 1000, 1_234_567].map(grouped), ["0", "12", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 1, 2000].map(counted), ["0 records", "1 record", "2,000 records"]);
        assert_eq!([0, 59, 60, 3599, 3600, 7380].map(span), ["0s", "59s", "1m00s", "59m59s", "1h00m", "2h03m"]);
    }
}
