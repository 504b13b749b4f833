//! The smallest program that uses the SDK: its size over the empty program is what klime costs, TLS included.

#![forbid(unsafe_code)]

use std::error::Error;
use std::time::Duration;

use klime::Client;

fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new("key")?;
    client
        .track("Report Generated")
        .user("usr_00000000")
        .property("report_type", "revenue")
        .enqueue();
    client.shutdown_blocking(Duration::from_secs(5));
    Ok(())
}
