fn main() {
    let klime = klime::Client::disabled();
    let _ = klime.track("Button Clicked").try_enqueue();
}
