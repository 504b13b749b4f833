//! Shows how to send history so that nothing is lost and nothing counts twice: with its own time, with message ids that are the
//! same in each run, and waiting where the queue is full.
//!
//! Each line is a row: `{"user":"user_123","event":"Order Placed","time":"2024-05-01T12:00:00Z","properties":{"total":42}}`.
//!
//! ```sh
//! KLIME_WRITE_KEY=… cargo run --example backfill orders-2024 orders-2024.ndjson
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows its result")]

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use klime::{Client, ClientBuilder, DropReason, Overflow};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How long a whole queue may take, retries included.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Row {
    user: String,
    event: String,
    time: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let source = arguments.next().ok_or("usage: backfill NAME [FILE]; the name becomes part of the message ids")?;
    let lines: Box<dyn BufRead> = match arguments.next() {
        Some(file) => Box::new(BufReader::new(File::open(file)?)),
        None => Box::new(io::stdin().lock()),
    };
    let klime = ClientBuilder::from_env()?
        .max_batch_size(100)
        // The default drops the oldest event, which suits a service. Here the new row is refused, and can wait.
        .overflow(Overflow::DropNewest)
        .on_error(|error, events| eprintln!("{} rows not taken: {error}", events.len()))
        .build()?;
    // A wrong key is better found before the first row than after the last.
    klime.verify_blocking(PATIENCE)?;
    send_all(&klime, &source, lines)
}

fn send_all(klime: &Client, source: &str, lines: impl BufRead) -> Result<ExitCode, Box<dyn Error>> {
    let (mut rows, mut bad_rows, mut waits) = (0, 0, 0);
    for (number, line) in (1_u64..).zip(lines.lines()) {
        rows += 1;
        match serde_json::from_str(&line?) {
            Ok(row) => waits += send(klime, &row, &format!("{source}-{number}"))?,
            Err(error) => {
                eprintln!("line {number}: {error}");
                bad_rows += 1;
            }
        }
    }
    let report = klime.shutdown_blocking(PATIENCE);
    let books = klime.stats();
    // A refused try stands in the books as dropped, for `QueueFull`. Here each one was repeated, so it is no loss.
    let lost = books.dropped.total() - waits;
    println!(
        "{rows} rows: {} accepted, {} rejected, {} failed, {lost} lost, {bad_rows} unreadable; \
         {waits} waits for room, {} requests",
        books.accepted, books.rejected, books.failed, books.requests,
    );
    let is_complete = report.is_complete() && books.accepted == rows;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Puts a row into the queue, and says how often it had to wait for room.
fn send(klime: &Client, row: &Row, message_id: &str) -> Result<u64, Box<dyn Error>> {
    let time = SystemTime::try_from(row.time.parse::<jiff::Timestamp>()?)?;
    for waits in 0.. {
        let tried = klime
            .track(&row.event)
            .user(&row.user)
            .properties(&row.properties)
            .timestamp(time)
            // Klime knows a row that it has by this, so that running the backfill again does no harm.
            .message_id(message_id)
            .try_enqueue();
        match tried {
            Ok(_) => return Ok(waits),
            Err(error) if error.kind() == DropReason::QueueFull => {
                println!("{message_id} waits for room");
                make_room(klime)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(0)
}

fn make_room(klime: &Client) -> Result<(), Box<dyn Error>> {
    let report = klime.flush_blocking(PATIENCE);
    // With a Klime that takes nothing it is no use to go on.
    if report.failed > 0 { Err(format!("stopped: {report}; run it again").into()) } else { Ok(()) }
}
