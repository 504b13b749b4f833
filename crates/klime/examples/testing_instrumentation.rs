//! Shows how to test what your code tracks, without a network: `klime::testing::Recorder` (feature `testing`).
//!
//! ```sh
//! cargo test --example testing_instrumentation --features testing
//! cargo run --example testing_instrumentation --features testing
//! ```

#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::error::Error;
use std::time::Duration;

use klime::testing::Recorder;
use klime::{Client, json};

/// Stands for your code. It takes the client as an argument, so that a test can give it another one.
fn sign_up(klime: &Client, user_id: &str, email: &str) -> Result<(), String> {
    if !email.contains('@') {
        return Err(format!("not an e-mail address: {email:?}"));
    }
    klime.identify(user_id).traits(json!({ "email": email })).enqueue();
    klime.track("Signed Up").user(user_id).property("plan", "trial").enqueue();
    Ok(())
}

/// A sign-up, and what of it would have gone to Klime.
fn recorded_sign_up(email: &str) -> (Result<(), String>, Recorder) {
    let recorder = Recorder::new();
    let klime = recorder.client();
    let result = sign_up(&klime, "user_123", email);
    // Events travel in the background in tests too, so flush before you look.
    let report = klime.flush_blocking(Duration::from_secs(5));
    assert!(report.is_complete(), "{report}");
    (result, recorder)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (result, recorder) = recorded_sign_up("user@example.com");
    result?;
    recorder.assert_identified("user_123");
    recorder.assert_tracked("Signed Up");
    for event in recorder.events() {
        println!("{}", serde_json::to_string(&event)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sign_up_identifies_the_user_and_tracks_the_plan() {
        let (result, recorder) = recorded_sign_up("user@example.com");
        assert_eq!(result, Ok(()));
        assert_eq!(recorder.assert_identified("user_123").traits().unwrap()["email"], "user@example.com");
        let event = recorder.assert_tracked("Signed Up");
        assert_eq!(event.user_id().as_deref(), Some("user_123"));
        assert_eq!(event.properties().unwrap()["plan"], "trial");
    }

    #[test]
    fn a_sign_up_that_fails_tracks_nothing() {
        let (result, recorder) = recorded_sign_up("nonsense");
        assert!(result.is_err());
        recorder.assert_not_tracked("Signed Up");
    }
}
