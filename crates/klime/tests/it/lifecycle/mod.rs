//! The life of a client: input, flush, shutdown, callbacks, runtimes, bounds.
