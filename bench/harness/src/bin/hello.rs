//! The empty program that binary sizes are compared with.

#![forbid(unsafe_code)]

fn main() {
    println!("hello");
}
