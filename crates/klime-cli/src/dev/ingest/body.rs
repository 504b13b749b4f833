//! A request's body: read within bounds of size, time and memory, and decompressed.

use std::io::Read as _;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use hyper::body::Frame;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time;

use crate::clock;
use crate::dev::validate::MAX_BODY_BYTES;

/// A body has to be there after this time, apart from the time that it had to wait for a place.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Of a body that is too large so much is read and thrown away, so that a client that sends first and reads later gets its answer.
const MAX_DRAINED_BYTES: u64 = 64 * 1024 * 1024;
/// A body that is larger than this needs one of few places, so that many slow senders do not add up to much memory.
const LARGE_BYTES: usize = 256 * 1024;
const LARGE_PLACES: usize = 16;
/// Who has a place and sends nothing for so long gives it to another one.
const STALL_TIMEOUT: Duration = Duration::from_secs(2);
/// So long a body waits for a place; then its sender is told to come again.
const PLACE_TIMEOUT: Duration = Duration::from_secs(15);
/// When that is.
const RETRY_AFTER_SECONDS: u64 = 1;

static PLACES: Semaphore = Semaphore::const_new(LARGE_PLACES);

/// A body as it came over the wire. While it lives it holds its place.
pub(in crate::dev) struct Received {
    pub(in crate::dev) bytes: Vec<u8>,
    place: Option<SemaphorePermit<'static>>,
}

/// Why there is no body to look at.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dev) enum BodyError {
    /// It is, or says that it is, over the limit.
    TooLarge,
    /// It was not there in time.
    Late,
    /// It is large, and stopped on the way.
    Stalled,
    /// It is large, and too many others are.
    Busy,
    /// The client closed the connection before the end of it.
    Left {
        /// What had come until then.
        bytes: u64,
    },
    /// The framing is wrong, or it is not compressed as it says.
    Broken(String),
}

impl BodyError {
    /// The status of the answer.
    pub(in crate::dev) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late | Self::Stalled => StatusCode::REQUEST_TIMEOUT,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Left { .. } | Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }

    /// After how many seconds it may be tried again, if that has to be said.
    pub(super) fn retry_after(&self) -> Option<u64> {
        (*self == Self::Busy).then_some(RETRY_AFTER_SECONDS)
    }
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => write!(f, "the body is too large; at most {MAX_BODY_BYTES} bytes are taken"),
            Self::Late => write!(f, "the body did not arrive within {} s", BODY_TIMEOUT.as_secs()),
            Self::Stalled => write!(
                f,
                "nothing came for {} s in the middle of the body; one of over {LARGE_BYTES} bytes is not waited for longer",
                STALL_TIMEOUT.as_secs()
            ),
            Self::Busy => {
                write!(f, "{LARGE_PLACES} other bodies of over {LARGE_BYTES} bytes are being read; try again")
            }
            Self::Left { bytes } => write!(f, "the client left after {bytes} bytes of the body"),
            Self::Broken(why) => write!(f, "the body cannot be read: {why}"),
        }
    }
}

/// Reads a whole body.
pub(in crate::dev) async fn read(request: Request<Body>) -> Result<Received, BodyError> {
    let headers = request.headers();
    let asks_first =
        headers.get(header::EXPECT).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if asks_first && declared(headers).is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        return Err(BodyError::TooLarge);
    }
    Reading::new(request.into_body()).finish().await
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A body while it comes in.
struct Reading {
    body: Body,
    /// What is kept of it, or why nothing is; the rest is then read and thrown away.
    received: Result<Received, BodyError>,
    length: u64,
    end: Pin<Box<time::Sleep>>,
}

impl Reading {
    fn new(body: Body) -> Self {
        let received = Ok(Received { bytes: Vec::new(), place: None });
        Self { body, received, length: 0, end: Box::pin(time::sleep(BODY_TIMEOUT)) }
    }

    async fn finish(mut self) -> Result<Received, BodyError> {
        while self.length <= MAX_DRAINED_BYTES {
            let Some(frame) = self.next().await? else { break };
            let frame = frame.map_err(|error| broken(&error, self.length))?;
            if let Ok(data) = frame.into_data() {
                self.take(&data).await;
            }
        }
        self.received
    }

    async fn next(&mut self) -> Result<Option<Result<Frame<Bytes>, axum::Error>>, BodyError> {
        let has_place = matches!(self.received, Ok(Received { place: Some(_), .. }));
        tokio::select! {
            biased;
            frame = self.body.frame() => Ok(frame),
            () = &mut self.end => Err(BodyError::Late),
            () = time::sleep(STALL_TIMEOUT), if has_place => Err(BodyError::Stalled),
        }
    }

    async fn take(&mut self, data: &[u8]) {
        self.length += data.len() as u64;
        if self.length > MAX_BODY_BYTES as u64 {
            self.received = Err(BodyError::TooLarge);
        }
        let needs_place = self.length > LARGE_BYTES as u64;
        if needs_place && matches!(self.received, Ok(Received { place: None, .. })) {
            let place = self.place().await;
            self.received = std::mem::replace(&mut self.received, Err(BodyError::Busy))
                .and_then(|Received { bytes, .. }| Ok(Received { bytes, place: Some(place?) }));
        }
        if let Ok(received) = &mut self.received {
            received.bytes.extend_from_slice(data);
        }
    }

    /// A place, for which the sender is not to blame that it had to wait.
    async fn place(&mut self) -> Result<SemaphorePermit<'static>, BodyError> {
        let began = clock::now();
        let place = time::timeout(PLACE_TIMEOUT, PLACES.acquire()).await;
        let end = self.end.deadline() + clock::now().saturating_duration_since(began);
        self.end.as_mut().reset(end);
        place.ok().and_then(Result::ok).ok_or(BodyError::Busy)
    }
}

/// Whether the client has left is told only by what lies beneath the error.
fn broken(error: &axum::Error, bytes: u64) -> BodyError {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    let mut kinds = causes.filter_map(|cause| cause.downcast_ref::<std::io::Error>()).map(std::io::Error::kind);
    match kinds.any(|kind| matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)) {
        true => BodyError::Left { bytes },
        false => BodyError::Broken(error.to_string()),
    }
}

/// What a compressed body holds, up to the limit for bodies: a small one can hold gigabytes.
pub(super) fn decompressed(gzip: &[u8]) -> Result<Vec<u8>, BodyError> {
    let mut plain = Vec::with_capacity(gzip.len().saturating_mul(4).min(MAX_BODY_BYTES));
    let most = MAX_BODY_BYTES as u64 + 1;
    MultiGzDecoder::new(gzip)
        .take(most)
        .read_to_end(&mut plain)
        .map_err(|error| BodyError::Broken(error.to_string()))?;
    if plain.len() > MAX_BODY_BYTES { Err(BodyError::TooLarge) } else { Ok(plain) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{BodyError, MAX_BODY_BYTES, decompressed};

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_compressed_body_comes_out_as_it_went_in() {
        assert_eq!(decompressed(&gzip(b"{\"batch\":[]}")).unwrap(), b"{\"batch\":[]}");
        assert_eq!(decompressed(&gzip(&vec![b' '; MAX_BODY_BYTES])).unwrap().len(), MAX_BODY_BYTES);
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit_for_bodies() {
        let bomb = gzip(&vec![b' '; MAX_BODY_BYTES + 1]);
        assert!(bomb.len() < 20_000);
        assert_eq!(decompressed(&bomb), Err(BodyError::TooLarge));
    }

    #[test]
    fn what_is_not_gzip_or_was_cut_off_is_refused() {
        assert!(matches!(decompressed(b"{\"batch\":[]}"), Err(BodyError::Broken(_))));
        let whole = gzip(b"{\"batch\":[]}");
        assert!(matches!(decompressed(&whole[..whole.len() - 5]), Err(BodyError::Broken(_))));
    }
}
