//! The `klime` command.
//!
//! The command is the product; this library is there for its benchmarks and fuzz targets, and may change in any release.

mod clock;
pub mod dev;
