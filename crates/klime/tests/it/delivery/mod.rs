//! Delivery: what arrives, how often and when, whatever the network and the server do.
