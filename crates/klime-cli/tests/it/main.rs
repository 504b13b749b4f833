//! Black-box tests of the built command over loopback, one module per behaviour.

// Clippy lets `unwrap` and indexing pass in test code only, and takes a module for test code when its declaration says so.
#[cfg(test)]
mod checks;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod dev;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod help;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod send;
#[cfg(test)]
mod support;
