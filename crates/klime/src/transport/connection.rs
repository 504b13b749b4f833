//! The last link of a connection's chain, above TLS: what the HTTP crate does not do for us.
//!
//! It writes the `Authorization` header. At its finest level the HTTP crate logs each byte of a request that it makes, and no
//! setting hides a header from that. So it is given a placeholder of the same length and never has the write key. The real value
//! takes its place here, behind the log.
//!
//! And it sees to it that an early answer is read. A server may answer by the head of a request (413, 401) and close, so that the
//! rest of the body cannot be written; the answer is there all the same.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// How the HTTP crate writes what stands before the value.
const BEFORE: &[u8] = b"\r\nauthorization: ";

/// The value of the header, and what stands for it until it is sent.
#[derive(Clone)]
pub(super) struct Authorization(Arc<str>);

impl Authorization {
    pub(super) fn new(value: &str) -> Self {
        Self(value.into())
    }

    pub(super) fn placeholder(&self) -> String {
        "*".repeat(self.0.len())
    }

    /// Puts the value into a request's head, which begins with the method. A later piece of a body may happen to begin so, too;
    /// it is not changed, for it is JSON, where a bare word such as the header's name never follows a line break.
    fn write(&self, output: &mut [u8]) {
        if !output.starts_with(b"POST ") {
            return;
        }
        let Some(found) = output.windows(BEFORE.len()).position(|window| window == BEFORE) else {
            return;
        };
        let start = found + BEFORE.len();
        if let Some(place) = output.get_mut(start..start + self.0.len()) {
            place.copy_from_slice(self.0.as_bytes());
        }
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

impl<In: Transport> Connector<In> for Authorization {
    type Out = Connection<In>;

    fn connect(&self, _: &ConnectionDetails<'_>, connected: Option<In>) -> Result<Option<Self::Out>, Error> {
        Ok(connected.map(|connection| Connection { connection, authorization: self.clone(), is_cut: false }))
    }
}

/// A connection that authorizes its requests, and that can be read when nothing can be written any more.
#[derive(Debug)]
pub(super) struct Connection<T> {
    connection: T,
    authorization: Authorization,
    /// The server takes no more.
    is_cut: bool,
}

impl<T: Transport> Transport for Connection<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.connection.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        if self.is_cut {
            return Ok(());
        }
        if let Some(output) = self.connection.buffers().output().get_mut(..amount) {
            self.authorization.write(output);
        }
        match self.connection.transmit_output(amount, timeout) {
            // If no answer came before, reading fails as well.
            Err(Error::Io(error)) if is_cut(&error) => {
                self.is_cut = true;
                Ok(())
            }
            other => other,
        }
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.connection.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        !self.is_cut && self.connection.is_open()
    }

    fn is_tls(&self) -> bool {
        self.connection.is_tls()
    }
}

fn is_cut(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_takes_the_place_of_its_placeholder() {
        let authorization = Authorization::new("Bearer key");
        let head = |value: &str| format!("POST / HTTP/1.1\r\na: b\r\nauthorization: {value}\r\n\r\n").into_bytes();
        let mut output = head(&authorization.placeholder());
        authorization.write(&mut output);
        assert_eq!(output, head("Bearer key"));
        assert_eq!(format!("{authorization:?}"), "<redacted>");
    }

    #[test]
    fn nothing_else_is_changed() {
        let authorization = Authorization::new("Bearer key");
        for text in
            [r#"{"a":"\r\nauthorization: **********"}"#, "POST / HTTP/1.1\r\n\r\n", "\r\nauthorization: ***", ""]
        {
            let mut output = text.as_bytes().to_vec();
            authorization.write(&mut output);
            assert_eq!(output, text.as_bytes());
        }
    }
}
