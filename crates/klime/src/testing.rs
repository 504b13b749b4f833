//! Check your own instrumentation: [`Recorder`], a transport that keeps what would have been sent. (Feature `testing`.)

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;

use crate::builder::ClientBuilder;
use crate::client::Client;
use crate::event::{Event, EventKind};
use crate::transport::{Request, Response, Transport, TransportError};

/// A transport that sends nothing: it records each request, and answers by script, or like a Klime that takes everything.
///
/// A clone is another handle to the same recording. Events reach it when the client sends them, so flush before you look.
///
/// # Examples
///
/// ```
/// use klime::testing::Recorder;
/// use std::time::Duration;
///
/// fn sign_up(klime: &klime::Client) {
///     klime.track("Signed Up").user("user_123").property("plan", "pro").enqueue();
/// }
///
/// let recorder = Recorder::new();
/// let klime = recorder.client();
/// sign_up(&klime);
/// assert!(klime.flush_blocking(Duration::from_secs(5)).is_complete());
///
/// let event = recorder.assert_tracked("Signed Up");
/// assert_eq!(event.user_id().as_deref(), Some("user_123"));
/// assert_eq!(event.properties().unwrap()["plan"], "pro");
/// recorder.assert_not_tracked("Sign Up Failed");
/// ```
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Recording>>);

#[derive(Default)]
struct Recording {
    script: VecDeque<Result<Response, TransportError>>,
    batches: Vec<Batch>,
}

struct Batch {
    events: Vec<Event>,
    was_taken: bool,
}

impl Recorder {
    /// An empty recording, with no script.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A client that sends here, and retries after a millisecond.
    ///
    /// # Panics
    ///
    /// When the system spawns no more threads.
    #[must_use]
    pub fn client(&self) -> Client {
        match self.builder().build() {
            Ok(client) => client,
            Err(error) => panic!("{error}"),
        }
    }

    /// Settings for a client that sends here, and retries after a millisecond.
    ///
    /// # Examples
    ///
    /// ```
    /// let klime = klime::testing::Recorder::new().builder().max_batch_size(1).build()?;
    /// assert_eq!(klime.queue_size(), 0);
    /// # Ok::<(), klime::ConfigError>(())
    /// ```
    pub fn builder(&self) -> ClientBuilder {
        Client::builder("test-write-key").transport(self.clone()).retry_initial_delay(Duration::from_millis(1))
    }

    /// Answers the next request that has no answer yet with this. What is not 2xx is retried or fails as from Klime.
    ///
    /// # Examples
    ///
    /// ```
    /// use klime::{Response, testing::Recorder};
    ///
    /// let recorder = Recorder::new();
    /// recorder.answer(Response::new(503)).answer(Response::new(401));
    /// let klime = recorder.client();
    /// klime.track("Signed Up").user("user_123").enqueue();
    /// let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!((klime.stats().failed, recorder.requests()), (1, 2));
    /// ```
    pub fn answer(&self, response: Response) -> &Self {
        self.lock().script.push_back(Ok(response));
        self
    }

    /// Lets the next request that has no answer yet fail without one, like a broken connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use klime::{TransportError, testing::Recorder};
    ///
    /// let recorder = Recorder::new();
    /// recorder.fail(TransportError::new("connection reset"));
    /// let klime = recorder.client();
    /// klime.track("Signed Up").user("user_123").enqueue();
    /// let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!((klime.stats().accepted, recorder.requests()), (1, 2));
    /// ```
    pub fn fail(&self, error: TransportError) -> &Self {
        self.lock().script.push_back(Err(error));
        self
    }

    /// The events that were taken (answered with 2xx), in the order of their requests.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let recording = self.lock();
        recording.batches.iter().filter(|batch| batch.was_taken).flat_map(|batch| batch.events.clone()).collect()
    }

    /// The events of each request, in order, whatever the answer was.
    #[must_use]
    pub fn batches(&self) -> Vec<Vec<Event>> {
        self.lock().batches.iter().map(|batch| batch.events.clone()).collect()
    }

    /// How many requests were made.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.lock().batches.len()
    }

    /// The track events of this name that were taken.
    #[must_use]
    pub fn tracked(&self, name: &str) -> Vec<Event> {
        self.events().into_iter().filter(|event| event.name() == Some(name)).collect()
    }

    /// Forgets what was recorded; the script stays.
    pub fn clear(&self) {
        self.lock().batches.clear();
    }

    /// Returns the last track event of this name.
    ///
    /// # Panics
    ///
    /// When none was taken; says which were.
    #[track_caller]
    pub fn assert_tracked(&self, name: &str) -> Event {
        match self.tracked(name).pop() {
            Some(event) => event,
            None => panic!("no event {name:?} was tracked{}", self.summary()),
        }
    }

    /// Checks that no track event of this name was taken.
    ///
    /// # Panics
    ///
    /// When there was one.
    #[track_caller]
    pub fn assert_not_tracked(&self, name: &str) {
        let count = self.tracked(name).len();
        let times = if count == 1 { "time" } else { "times" };
        assert!(count == 0, "event {name:?} was tracked {count} {times}");
    }

    /// Returns the last identify event of this user.
    ///
    /// # Examples
    ///
    /// ```
    /// # let recorder = klime::testing::Recorder::new();
    /// # let klime = recorder.client();
    /// klime.identify("user_123").trait_value("plan", "pro").enqueue();
    /// # let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!(recorder.assert_identified("user_123").traits().unwrap()["plan"], "pro");
    /// ```
    ///
    /// # Panics
    ///
    /// When none was taken; says which events were.
    #[track_caller]
    pub fn assert_identified(&self, user_id: impl fmt::Display) -> Event {
        let user_id = user_id.to_string();
        let is_it =
            |event: &Event| event.kind() == EventKind::Identify && event.user_id().as_deref() == Some(&*user_id);
        match self.events().into_iter().rfind(is_it) {
            Some(event) => event,
            None => panic!("user {user_id:?} was not identified{}", self.summary()),
        }
    }

    /// Returns the last group event of this group.
    ///
    /// # Examples
    ///
    /// ```
    /// # let recorder = klime::testing::Recorder::new();
    /// # let klime = recorder.client();
    /// klime.group("org_456").user("user_123").enqueue();
    /// # let _ = klime.flush_blocking(std::time::Duration::from_secs(5));
    /// assert_eq!(recorder.assert_grouped("org_456").user_id().as_deref(), Some("user_123"));
    /// ```
    ///
    /// # Panics
    ///
    /// When none was taken; says which events were.
    #[track_caller]
    pub fn assert_grouped(&self, group_id: impl fmt::Display) -> Event {
        let group_id = group_id.to_string();
        let is_it = |event: &Event| event.kind() == EventKind::Group && event.group_id().as_deref() == Some(&*group_id);
        match self.events().into_iter().rfind(is_it) {
            Some(event) => event,
            None => panic!("there was no group event for {group_id:?}{}", self.summary()),
        }
    }

    /// The end of a sentence that says what was not there.
    fn summary(&self) -> String {
        let events: Vec<String> = self
            .events()
            .iter()
            .map(|event| event.name().map_or_else(|| event.kind().to_string(), |name| format!("{name:?}")))
            .collect();
        if events.is_empty() {
            "; nothing was sent (was it flushed?)".to_owned()
        } else {
            format!(", but {}", events.join(", "))
        }
    }

    fn lock(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Recorder {
    fn send(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let body: serde_json::Value = serde_json::from_slice(request.body()).map_err(TransportError::new)?;
        let events = body.get("batch").map(Vec::<Event>::deserialize).transpose().map_err(TransportError::new)?;
        let events = events.unwrap_or_default();
        let mut recording = self.lock();
        let answer = recording.script.pop_front().unwrap_or_else(|| {
            let answer = serde_json::json!({ "status": "ok", "accepted": events.len(), "failed": 0 });
            Ok(Response::new(200).with_body(answer.to_string()))
        });
        let was_taken = answer.as_ref().is_ok_and(|answer| (200..300).contains(&answer.status()));
        recording.batches.push(Batch { events, was_taken });
        answer
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("requests", &self.requests()).finish_non_exhaustive()
    }
}
