//! Delivery: what arrives, how often and when, whatever the network and the server do.

mod bounds;
mod concurrency;
mod faults;
mod idle;
mod program;
mod proxies;
mod redirects;
mod retries;
mod secrets;
mod setup;
mod splits;
mod statuses;
mod timers;
mod tls;
mod told;
