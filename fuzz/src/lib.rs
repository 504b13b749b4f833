//! Fuzz targets: plain functions that read bytes as a test case and panic when a promise is broken.
//!
//! They know nothing of who drives them: `main.rs` on stable Rust, or libFuzzer.

mod dev;
mod input;
mod targets;

use targets::{answer, endpoint, event_builder, event_json, ingest_body, response_body, retry_after};

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also that of its folder of seeds.
    pub name: &'static str,
    /// Checks one input. Panics when a promise is broken.
    pub check: fn(&[u8]),
    /// Pieces that random bytes rarely hit upon.
    pub tokens: &'static [&'static str],
}

/// Every target.
pub const TARGETS: [Target; 7] = [
    Target { name: "retry_after", check: retry_after::check, tokens: retry_after::TOKENS },
    Target { name: "response_body", check: response_body::check, tokens: response_body::TOKENS },
    Target { name: "answer", check: answer::check, tokens: answer::TOKENS },
    Target { name: "event_builder", check: event_builder::check, tokens: event_builder::TOKENS },
    Target { name: "event_json", check: event_json::check, tokens: event_json::TOKENS },
    Target { name: "ingest_body", check: ingest_body::check, tokens: ingest_body::TOKENS },
    Target { name: "endpoint", check: endpoint::check, tokens: endpoint::TOKENS },
];
