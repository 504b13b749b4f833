//! The main job, to look at: sends events through the SDK to a collector on loopback and shows each one that arrived. Needs no
//! account and no network.
//!
//! ```sh
//! cargo run --example demo
//! ```

#![expect(clippy::print_stdout, reason = "showing is what it is for")]

pub(crate) mod collector;

use std::collections::HashSet;
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use klime::{Client, EnqueueError, Event, MessageId, json};

use collector::Collector;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let collector = Collector::start()?;
    let klime = Client::builder("demo-write-key").endpoint(collector.endpoint()).build()?;
    println!("A collector listens on {}. What arrives there:\n", collector.endpoint());
    let is_complete = run(&klime, &collector)?;
    Ok(if is_complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Sends, shows what has arrived, and says whether that was everything.
pub(crate) fn run(klime: &Client, collector: &Collector) -> Result<bool, EnqueueError> {
    let sent = send(klime)?;
    let report = klime.shutdown_blocking(Duration::from_secs(5));
    let arrivals = collector.take_arrivals();
    let events: Vec<&Event> = arrivals.iter().flat_map(|arrival| &arrival.events).collect();
    for event in &events {
        println!("{}", line(event));
    }

    let arrived: HashSet<&str> = events.iter().map(|event| event.message_id()).collect();
    let missing = sent.iter().filter(|id| !arrived.contains(id.as_str())).count();
    let bytes: usize = arrivals.iter().map(|arrival| arrival.bytes).sum();
    println!("\nsent {}, arrived {}, requests {}, bytes {bytes}", sent.len(), events.len(), arrivals.len());
    match missing {
        0 => println!("All that were sent arrived."),
        _ => println!("{missing} did not arrive: {report}"),
    }
    Ok(missing == 0)
}

/// A day at a customer's.
fn send(klime: &Client) -> Result<Vec<MessageId>, EnqueueError> {
    let acme = json!({ "name": "Acme Inc", "plan": "enterprise" });
    Ok(vec![
        klime.identify("user_123").traits(json!({ "email": "user@example.com", "name": "Stefan" })).try_enqueue()?,
        klime.group("org_456").user("user_123").traits(acme).try_enqueue()?,
        klime
            .track("Button Clicked")
            .user("user_123")
            .properties(json!({ "button_name": "Sign up", "plan": "pro" }))
            .try_enqueue()?,
        klime.track("Report Generated").user("user_123").group("org_456").property("rows", 1200).try_enqueue()?,
        klime.track("Teammate Invited").user("user_123").property("role", "member").try_enqueue()?,
        klime.identify("user_124").trait_value("email", "jane@example.com").try_enqueue()?,
        klime.group("org_456").user("user_124").try_enqueue()?,
        klime.track("Export Clicked").user("user_124").property("format", "csv").try_enqueue()?,
        klime
            .track("Events Received")
            .group("org_456")
            .properties(json!({ "count": 100, "source": "webhook" }))
            .try_enqueue()?,
    ])
}

fn line(event: &Event) -> String {
    let fields = event.properties().or(event.traits()).map(|fields| json!(fields).to_string());
    let line = format!(
        "{:<8}  {:<16}  {:<8}  {:<7}  {}",
        event.kind().as_str(),
        event.name().unwrap_or_default(),
        event.user_id().unwrap_or_default(),
        event.group_id().unwrap_or_default(),
        fields.unwrap_or_default(),
    );
    line.trim_end().to_owned()
}
