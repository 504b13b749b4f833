//! Shows a worker, or a cron job, that tracks what it does for an organisation, and ends well on SIGTERM and Ctrl-C.
//!
//! Each line of the standard input is a job: the organisation, where its events come from, and how many there are.
//!
//! ```sh
//! echo 'org_456 webhook 100' | KLIME_WRITE_KEY=… cargo run --example worker
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use klime::Client;

/// What the worker is told.
enum Order {
    Work(String),
    Stop,
}

fn main() -> Result<(), Box<dyn Error>> {
    // No room in the channel: a job is taken from its source only when the worker is free, so none waits here when it stops.
    let (orders, inbox) = sync_channel(0);
    // First of all, so that a signal that comes early does not kill the process.
    stop_on_signal(orders.clone())?;
    let klime = Client::from_env()?;
    thread::spawn(move || read_jobs(&orders));

    // A signal is an order like any other: it never cuts a job in two, and the loop needs no flag to look at.
    while let Ok(Order::Work(job)) = inbox.recv() {
        match work(&klime, &job) {
            Some(()) => println!("done: {job}"),
            None => println!("not a job: {job}"),
        }
    }

    let report = klime.shutdown_blocking(Duration::from_secs(5));
    println!("{report}");
    Ok(())
}

fn work(klime: &Client, job: &str) -> Option<()> {
    let mut words = job.split_whitespace();
    let (organisation, source) = (words.next()?, words.next()?);
    let count: u64 = words.next()?.parse().ok()?;
    // No user is behind this, so the group stands alone.
    klime.track("Events Received").group(organisation).property("count", count).property("source", source).enqueue();
    Some(())
}

/// Stands for your queue.
fn read_jobs(orders: &SyncSender<Order>) {
    for job in io::stdin().lines().map_while(Result::ok) {
        if orders.send(Order::Work(job)).is_err() {
            return;
        }
    }
    // Fails when the worker has been stopped by a signal meanwhile.
    let _ = orders.send(Order::Stop);
}

/// The signals are waited for on a thread, where everything is allowed; in a signal handler almost nothing is.
#[cfg(unix)]
fn stop_on_signal(orders: SyncSender<Order>) -> io::Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    thread::spawn(move || {
        for _ in signals.forever() {
            let _ = orders.send(Order::Stop);
        }
    });
    Ok(())
}

/// Windows has no signals: there the end of the input stops it.
#[cfg(not(unix))]
fn stop_on_signal(_orders: SyncSender<Order>) -> io::Result<()> {
    Ok(())
}
