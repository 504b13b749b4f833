//! Shows what to do where the process may be frozen as soon as a request has been answered, as on AWS Lambda: flush before the
//! answer, but never for long.
//!
//! Each line of the standard input is an invocation: the user and the order. (In a tower stack `klime::tower::FlushLayer` does
//! the same for all handlers.)
//!
//! ```sh
//! echo 'user_123 order_42' | KLIME_WRITE_KEY=… cargo run --example lambda
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::io;
use std::time::Duration;

use klime::Client;

/// How long the answer may be held back. What is not at Klime by then stays queued and goes out with the next invocation.
const FLUSH_DEADLINE: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    // Once for each process, not for each invocation: that keeps the connection.
    let klime = Client::from_env()?;

    // Stands for `lambda_runtime::run`.
    for invocation in io::stdin().lines() {
        let answer = handle(&klime, &invocation?).await;
        let report = klime.flush().within(FLUSH_DEADLINE).await;
        if !report.is_complete() {
            println!("klime: {report}");
        }
        // From here on the process may be frozen.
        println!("{answer}");
    }

    // A Lambda that is ended gets no time for this; other platforms give some.
    let report = klime.shutdown().await;
    println!("{report}");
    Ok(())
}

/// Stands for your handler.
async fn handle(klime: &Client, invocation: &str) -> String {
    let Some((user, order)) = invocation.split_once(' ') else {
        return format!("not an order: {invocation}");
    };
    klime.track("Order Placed").user(user).property("order", order).enqueue();
    format!("placed: {order}")
}
