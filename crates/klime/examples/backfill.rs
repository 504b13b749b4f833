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

use klime::{Client, ClientBuilder, Overflow};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How many rows may be pending. One thread enqueues, so nothing is ever refused for a full queue.
const QUEUE_SIZE: usize = 1000;

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
        .max_queue_size(QUEUE_SIZE)
        // The default drops the oldest event, which suits a service. Here no row may make room for another.
        .overflow(Overflow::DropNewest)
        .on_error(|error, events| eprintln!("{} rows not taken: {error}", events.len()))
        .build()?;
    // A wrong key is better found before the first row than after the last. With KLIME_DISABLED=1 it ends here, too, for
    // nothing would be sent.
    klime.verify_blocking(PATIENCE)?;
    send_all(&klime, &source, lines)
}

fn send_all(klime: &Client, source: &str, lines: impl BufRead) -> Result<ExitCode, Box<dyn Error>> {
    let (mut rows, mut bad_rows) = (0, 0);
    for line in lines.lines() {
        rows += 1;
        if let Err(error) = send(klime, &line?, &format!("{source}-{rows}")) {
            eprintln!("line {rows}: {error}");
            bad_rows += 1;
        }
        if klime.stats().failed > 0 {
            return Err(format!("stopped at line {rows}, for Klime takes no more; run it again later").into());
        }
    }
    let report = klime.shutdown_blocking(PATIENCE);
    let books = klime.stats();
    println!("{rows} rows, {bad_rows} bad; {books}");
    let is_complete = report.is_complete() && books.accepted == rows;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Puts a row into the queue, as soon as there is room.
fn send(klime: &Client, line: &str, message_id: &str) -> Result<(), Box<dyn Error>> {
    let row: Row = serde_json::from_str(line)?;
    let time = SystemTime::try_from(row.time.parse::<jiff::Timestamp>()?)?;
    if klime.queue_size() >= QUEUE_SIZE {
        println!("{message_id} waits for room");
        // What fails meanwhile is in the books.
        let _ = klime.flush_blocking(PATIENCE);
    }
    klime
        .track(&row.event)
        .user(&row.user)
        .properties(&row.properties)
        .timestamp(time)
        // Klime knows a row that it has by this, so that running the backfill again does no harm.
        .message_id(message_id)
        .try_enqueue()?;
    Ok(())
}
