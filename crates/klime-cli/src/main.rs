//! The `klime` command.

fn main() {}
