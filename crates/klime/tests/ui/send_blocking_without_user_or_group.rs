use std::time::Duration;

fn main() {
    let klime = klime::Client::disabled();
    let _ = klime.track("Button Clicked").send_blocking(Duration::ZERO);
}
