//! Whether Klime takes anything: asked at the start, and watched while it works.
//!
//! The client goes on trying for ever, so how long that may take is decided here. It does not say why it has to try again; so while
//! nothing is taken, a client of its own, which tries once, asks with an empty batch.

use std::time::{Duration, Instant};

use jiff::SignedDuration;
use klime::{Client, SendError, SendErrorKind, Sending, Stats};
use tokio::time::{sleep_until, timeout_at};

use super::progress::{Display, Progress};
use super::{Stop, losses};
use crate::clock;
use crate::send::cause;

/// A pause that is no longer is not worth a word.
const NOTICED: Duration = Duration::from_secs(2);
/// Between two questions while it works.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// Between two questions at the start.
const LONGEST_DELAY: Duration = Duration::from_secs(16);

/// How long Klime is waited for, and how it is asked.
#[derive(Clone, Debug)]
pub(in crate::import) struct Waiting {
    pub(in crate::import) endpoint: String,
    pub(in crate::import) retry_delay: Duration,
    pub(in crate::import) patience: Duration,
}

/// The watch over whether Klime takes anything.
#[derive(Debug)]
pub(super) struct Reach {
    /// It tries once.
    client: Client,
    waiting: Waiting,
    /// How many events were settled, and since when it has been no more.
    last: (u64, Instant),
    asking: Option<Sending>,
    asked: Option<Instant>,
    reason: Option<String>,
}

impl Reach {
    pub(super) fn new(client: Client, waiting: Waiting, now: Instant) -> Self {
        Self { client, waiting, last: (0, now), asking: None, asked: None, reason: None }
    }

    /// Waits until Klime answers, and knows the key.
    ///
    /// # Errors
    ///
    /// [`Stop`] when it does not, for so long as is waited for it.
    pub(super) async fn meet(&mut self, display: &mut Display, progress: Progress) -> Result<(), Stop> {
        let deadline = self.deadline();
        let mut delay = self.waiting.retry_delay;
        loop {
            match timeout_at(deadline.into(), self.client.verify()).await {
                Ok(Ok(_)) => break,
                Ok(Err(error)) => self.note(&error)?,
                Err(_) => return Err(self.given_up()),
            }
            let now = clock::now();
            display.show(progress, Some(&self.trouble(now)), now);
            let next = now.checked_add(delay).unwrap_or(deadline);
            sleep_until(next.min(deadline).into()).await;
            if next >= deadline {
                return Err(self.given_up());
            }
            delay = (delay * 2).min(LONGEST_DELAY);
        }
        self.calm(0, clock::now());
        Ok(())
    }

    /// Looks whether something was taken since it last did. It is told the client's books.
    ///
    /// # Errors
    ///
    /// [`Stop`] when nothing was, for so long as is waited for it.
    pub(super) fn watch(&mut self, books: &Stats, now: Instant) -> Result<(), Stop> {
        let settled = books.accepted + books.rejected + books.failed;
        if books.pending == 0 || settled != self.last.0 {
            self.calm(settled, now);
            return Ok(());
        }
        if let Some(answer) = self.asking.as_mut().and_then(futures_util::FutureExt::now_or_never) {
            self.asking = None;
            match answer {
                Ok(_) => {
                    self.reason = Some(format!("{} answers, but events wait to be tried again", self.waiting.endpoint))
                }
                // That the key is revoked is told by the answer to events.
                Err(error) => drop(self.note(&error)),
            }
        }
        if now >= self.deadline() {
            return Err(self.given_up());
        }
        let is_due = self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= ASK_EVERY);
        if self.is_noticed(now) && self.asking.is_none() && is_due {
            self.asking = Some(self.client.verify());
            self.asked = Some(now);
        }
        Ok(())
    }

    /// What is wrong, and until when it is waited for, if something is.
    pub(super) fn told(&self, now: Instant) -> Option<String> {
        self.is_noticed(now).then(|| self.trouble(now))
    }

    fn is_noticed(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last.1) >= NOTICED
    }

    fn calm(&mut self, settled: u64, now: Instant) {
        self.last = (settled, now);
        (self.asking, self.asked, self.reason) = (None, None, None);
    }

    fn deadline(&self) -> Instant {
        self.last.1.checked_add(self.waiting.patience).unwrap_or(self.last.1)
    }

    /// Remembers why Klime could not be asked; a reason that does not pass is an error.
    fn note(&mut self, error: &SendError) -> Result<(), Stop> {
        let failure = losses::failure(error);
        if !failure.may_pass {
            return Err(Stop::of(failure));
        }
        self.reason = Some(match error.kind() {
            SendErrorKind::Network => cause::network(error, &self.waiting.endpoint).replacen("network error, ", "", 1),
            _ => error.to_string().replacen("Klime", &self.waiting.endpoint, 1),
        });
        Ok(())
    }

    fn reason(&self) -> String {
        let unknown = || format!("{} takes nothing", self.waiting.endpoint);
        self.reason.clone().unwrap_or_else(unknown)
    }

    fn trouble(&self, now: Instant) -> String {
        let left = SignedDuration::try_from(self.deadline().saturating_duration_since(now)).unwrap_or_default();
        let until = clock::wall().checked_add(left).unwrap_or(jiff::Timestamp::MAX);
        // First what a narrow terminal is to show as well.
        format!("trying until {}Z: {}", until.strftime("%H:%M:%S"), self.reason())
    }

    fn given_up(&self) -> Stop {
        let patience = SignedDuration::try_from(self.waiting.patience).unwrap_or_default();
        Stop::unreachable(format!("{}, tried for {patience:#}; klime doctor says more", self.reason()))
    }
}

#[cfg(test)]
mod tests {
    use klime::{Request, Response, Transport, TransportError};

    use super::*;

    struct Answers(u16);

    impl Transport for Answers {
        fn send(&self, _: &Request<'_>) -> Result<Response, TransportError> {
            Ok(Response::new(self.0))
        }
    }

    fn client(status: u16, attempts: u32) -> Client {
        let builder = Client::builder("key").transport(Answers(status)).retry_max_attempts(attempts);
        builder.flush_on_shutdown(false).shutdown_timeout(Duration::ZERO).build().unwrap()
    }

    #[test]
    fn a_klime_that_answers_and_takes_no_events_is_waited_for_no_longer() {
        let start = clock::now();
        let after = |seconds: u64| start + Duration::from_secs(seconds);
        let stuck = client(503, u32::MAX);
        stuck.identify("user_1").enqueue();
        let books = stuck.stats();
        let (endpoint, second) = ("http://klime.test".to_owned(), Duration::from_secs(1));
        let waiting = Waiting { endpoint, retry_delay: second, patience: second * 60 };
        let mut reach = Reach::new(client(200, 1), waiting, start);
        assert_eq!((reach.watch(&books, after(1)), reach.told(after(1))), (Ok(()), None));
        assert_eq!(reach.watch(&books, after(2)), Ok(()));
        assert!(reach.told(after(2)).unwrap().ends_with("Z: http://klime.test takes nothing"));
        while reach.asking.is_some() {
            assert!(clock::now() < after(20), "it is answered");
            std::thread::yield_now();
            assert_eq!(reach.watch(&books, after(3)), Ok(()));
        }
        let said = "http://klime.test answers, but events wait to be tried again";
        assert!(reach.told(after(3)).unwrap().ends_with(said));
        let stop = reach.watch(&books, after(60)).unwrap_err();
        assert_eq!(stop, Stop::unreachable(format!("{said}, tried for 1m; klime doctor says more")));
        // With nothing to send there is nothing to wait for.
        assert_eq!((reach.watch(&Stats::default(), after(61)), reach.told(after(61))), (Ok(()), None));
    }
}
