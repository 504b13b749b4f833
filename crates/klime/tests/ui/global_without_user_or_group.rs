fn main() {
    klime::track("Button Clicked").property("plan", "pro").enqueue();
}
