fn main() {
    let klime = klime::Client::disabled();
    klime.track("Button Clicked").enqueue();
}
