use std::time::Duration;

fn main() {
    let klime = klime::Client::disabled();
    klime.track("Button Clicked").user("user_123").enqueue();
    klime.track("Button Clicked").property("plan", "pro").group(7).enqueue();
    let _ = klime.track("Button Clicked").user(1).group(2).try_enqueue();
    let _ = klime.track("Button Clicked").user(1).send_blocking(Duration::ZERO);
    drop(klime.track("Button Clicked").group(2).send());
    klime.identify(1).enqueue();
    klime.group(1).enqueue();
    // An anonymous event may be carried around, and become one with a user at run time.
    let anonymous = klime.track("Button Clicked");
    if let Some(user) = std::env::args().next() {
        anonymous.user(user).enqueue();
    }
}
