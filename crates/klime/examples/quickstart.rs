//! Shows the three calls and the end of a program: who the user is, what he does, which company he belongs to.
//!
//! ```sh
//! KLIME_WRITE_KEY=… cargo run --example quickstart
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::time::Duration;

use klime::{Client, json};

fn main() -> Result<(), Box<dyn Error>> {
    let klime = Client::from_env()?;

    klime.identify("user_123").traits(json!({ "email": "user@example.com", "name": "Stefan" })).enqueue();

    // Returns at once; the event goes out in the background.
    klime
        .track("Button Clicked")
        .user("user_123")
        .properties(json!({ "button_name": "Sign up", "plan": "pro" }))
        .enqueue();

    klime.group("org_456").user("user_123").traits(json!({ "name": "Acme Inc", "plan": "enterprise" })).enqueue();

    // What is still queued when a program ends is lost, unless it is sent before. In async code: `klime.shutdown().await`.
    let report = klime.shutdown_blocking(Duration::from_secs(5));
    println!("{report}");
    Ok(())
}
