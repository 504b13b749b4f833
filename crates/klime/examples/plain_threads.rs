//! Shows the client in a program without async: a clone for each thread, one shutdown at the end.
//!
//! ```sh
//! KLIME_WRITE_KEY=… cargo run --example plain_threads
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::thread;
use std::time::Duration;

use klime::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let klime = Client::from_env()?;

    let threads: Vec<_> = (1..=4)
        .map(|shard| {
            // A clone is another handle to the same queue and the same connections. It costs next to nothing.
            let klime = klime.clone();
            thread::spawn(move || index(&klime, shard))
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")?;
    }

    // After the threads: an event that comes after the shutdown is dropped.
    let report = klime.shutdown_blocking(Duration::from_secs(5));
    println!("{report}");
    Ok(())
}

/// Stands for the work of your threads.
fn index(klime: &Client, shard: u32) {
    for document in 1..=25 {
        klime
            .track("Document Indexed")
            .user(format_args!("user_{document}"))
            .group("org_456")
            .property("shard", shard)
            .enqueue();
    }
}
