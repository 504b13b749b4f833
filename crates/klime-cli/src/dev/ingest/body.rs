//! A request's body: read within bounds of size, time and memory, and decompressed.

use std::io::Read as _;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt as _;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time;

use crate::dev::validate::MAX_BODY_BYTES;

/// A body has to be there after this time.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Of a body that is too large so much is read and thrown away, so that a client that sends first and reads later gets its answer.
const MAX_DRAINED_BYTES: u64 = 64 * 1024 * 1024;
/// A body that is larger than this needs one of few places, so that many slow senders do not add up to much memory.
const LARGE_BYTES: usize = 256 * 1024;
const LARGE_PLACES: usize = 16;

static PLACES: Semaphore = Semaphore::const_new(LARGE_PLACES);

/// A body as it came over the wire. While it lives it holds its place.
pub(in crate::dev) struct Received {
    pub(in crate::dev) bytes: Vec<u8>,
    _place: Option<SemaphorePermit<'static>>,
}

/// Why there is no body to look at.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::dev) enum BodyError {
    /// It is, or says that it is, over the limit.
    TooLarge,
    /// It was not there in time.
    Late,
    /// The connection broke, or the framing is wrong.
    Broken(String),
}

impl BodyError {
    /// The status of the answer.
    pub(in crate::dev) fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Broken(_) => StatusCode::BAD_REQUEST,
        }
    }
}

impl std::fmt::Display for BodyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge => write!(f, "the body is too large; at most {MAX_BODY_BYTES} bytes are taken"),
            Self::Late => write!(f, "the body did not arrive within {} s", BODY_TIMEOUT.as_secs()),
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
    let reading = collect(request.into_body());
    time::timeout(BODY_TIMEOUT, reading).await.unwrap_or(Err(BodyError::Late))
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(mut body: Body) -> Result<Received, BodyError> {
    let mut received = Received { bytes: Vec::new(), _place: None };
    let mut length: u64 = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyError::Broken(error.to_string()))?;
        let Some(data) = frame.data_ref() else { continue };
        length += data.len() as u64;
        if length > MAX_BODY_BYTES as u64 {
            received = Received { bytes: Vec::new(), _place: None };
            if length > MAX_DRAINED_BYTES {
                break;
            }
            continue;
        }
        if length > LARGE_BYTES as u64 && received._place.is_none() {
            received._place = PLACES.acquire().await.ok();
        }
        received.bytes.extend_from_slice(data);
    }
    if length > MAX_BODY_BYTES as u64 { Err(BodyError::TooLarge) } else { Ok(received) }
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
