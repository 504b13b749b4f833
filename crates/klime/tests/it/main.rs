//! Black-box tests over loopback, one module per behaviour.

// Clippy lets `unwrap` and indexing pass in test code only, and takes a module for test code when its declaration says so.
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod support;
