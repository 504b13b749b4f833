//! `POST /v1/batch`: what Klime's ingest API does, and the faults that were asked for.
//!
//! The body is read to its end before anything is said, because a client that is still sending may not see an answer. Whatever
//! became of a request, it is kept as a batch: an integration that sends a wrong key is seen by what it was refused for.

mod answer;
pub(super) mod body;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use tokio::time;

use self::answer::{Refused, taken};
use self::body::{BodyError, Received};
use super::app::{App, Shared};
use super::event::{FAULT_INJECTED, Judged, Refusal, Verdict};
use super::fault::FaultKind;
use super::server::{Cut, stopped};
use super::store::{Appended, BatchRecord};
use super::{key, validate};
use crate::print::first_chars;
use crate::{clock, doctor};

/// Takes a batch. What becomes of it is done and recorded by a task of its own, because a handler ends with its connection: clients
/// that give up on an answer would take back what they have sent.
pub(crate) async fn post(
    State(app): State<Shared>,
    Extension(cut): Extension<Cut>,
    request: Request<Body>,
) -> Response {
    let stopping = app.stopping.clone();
    match tokio::spawn(arrive(app, request)).await {
        Ok(Outcome::Answer(answer)) => answer,
        Ok(Outcome::Later(answer, delay)) => {
            tokio::select! {
                () = time::sleep(delay) => {}
                () = stopped(stopping) => {}
            }
            answer
        }
        Ok(Outcome::Hang) => {
            stopped(stopping).await;
            cut.off().await
        }
        // The task fails only when the runtime ends.
        Ok(Outcome::CutOff) | Err(_) => cut.off().await,
    }
}

/// What the client gets to see.
enum Outcome {
    Answer(Response),
    Later(Response, Duration),
    Hang,
    CutOff,
}

/// Reads a request and takes or refuses it. Afterwards it is recorded, and its memory is free.
async fn arrive(app: Shared, request: Request<Body>) -> Outcome {
    let mut arrival = Arrival::new(request.headers());
    let wire = Wire::of(&app, request.headers());
    let body = match body::read(request).await {
        Ok(body) => body,
        Err(BodyError::Left { bytes }) => {
            arrival.record.bytes = bytes;
            arrival.record.error = Some(BodyError::Left { bytes }.to_string());
            arrival.lose(&app);
            return Outcome::CutOff;
        }
        Err(error) => return Outcome::Answer(arrival.refuse(&app, error.into())),
    };
    arrival.record.bytes = body.bytes.len() as u64;
    let gzip = match wire {
        Ok(wire) => wire.gzip,
        // It comes without a key on purpose, and is answered as it expects.
        Err(refused) if arrival.is_doctors_question(&body.bytes) => return Outcome::Answer(refused.into_response()),
        Err(refused) => return Outcome::Answer(arrival.refuse(&app, refused)),
    };
    arrival.record.gzip = gzip;
    let hit = app.collector.lock().faults.next_hit();
    arrival.record.fault = hit.map(|fault| fault.word().to_owned());
    match hit {
        None | Some(FaultKind::Partial { .. }) => Outcome::Answer(arrival.take(&app, &body, hit)),
        Some(FaultKind::Slow { delay }) => Outcome::Later(arrival.take(&app, &body, None), delay),
        Some(FaultKind::Status { status, retry_after }) => {
            Outcome::Answer(arrival.refuse(&app, Refused::injected(status, retry_after)))
        }
        Some(FaultKind::Hang) => {
            arrival.lose(&app);
            Outcome::Hang
        }
        Some(FaultKind::Reset) => {
            arrival.lose(&app);
            Outcome::CutOff
        }
        Some(FaultKind::LostAnswer) => {
            drop(arrival.take(&app, &body, None));
            Outcome::CutOff
        }
    }
}

/// What the headers say of how to read the body.
struct Wire {
    gzip: bool,
}

impl Wire {
    fn of(app: &App, headers: &HeaderMap) -> Result<Self, Refused> {
        app.keys.check(headers).map_err(|sentence| Refused::new(StatusCode::UNAUTHORIZED, sentence))?;
        let bad = |sentence| Err(Refused::new(StatusCode::BAD_REQUEST, sentence));
        let text =
            |name| headers.get(name).map(|value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()));
        let content_type = text(header::CONTENT_TYPE).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        if !media_type.eq_ignore_ascii_case("application/json") {
            let shown = first_chars(&content_type, 100);
            return bad(format!("the header Content-Type must be application/json, not {shown:?}"));
        }
        let encoding = text(header::CONTENT_ENCODING).unwrap_or_default();
        match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self { gzip: false }),
            "gzip" | "x-gzip" => Ok(Self { gzip: true }),
            other => {
                bad(format!("the header Content-Encoding must be gzip or absent, not {:?}", first_chars(other, 100)))
            }
        }
    }
}

/// A request on its way into the books.
struct Arrival {
    began: Instant,
    record: BatchRecord,
}

impl Arrival {
    fn new(headers: &HeaderMap) -> Self {
        let user_agent =
            headers.get(header::USER_AGENT).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let began = clock::now();
        let record = BatchRecord {
            received_at: clock::wall(),
            status: 200,
            bytes: 0,
            gzip: false,
            took: began.saturating_duration_since(began),
            key: key::of_request(headers),
            user_agent,
            error: None,
            fault: None,
        };
        Self { began, record }
    }

    /// Whether `klime doctor` asks who is here. That is no fault of the integration that sends here, so it is not kept.
    fn is_doctors_question(&self, body: &[u8]) -> bool {
        self.record.key.is_none()
            && self.record.user_agent.as_deref().is_some_and(|agent| doctor::is_question(agent, body))
    }

    /// Judges the events, keeps them, and answers. There is no await in it, so no more bodies are unpacked at a time than there
    /// are threads.
    fn take(mut self, app: &App, body: &Received, fault: Option<FaultKind>) -> Response {
        let unpacked = match self.record.gzip.then(|| body::decompressed(&body.bytes)).transpose() {
            Ok(unpacked) => unpacked,
            Err(error) => return self.refuse(app, error.into()),
        };
        let mut events = match validate::judge(unpacked.as_deref().unwrap_or(&body.bytes)) {
            Ok(events) => events,
            Err(malformed) => return self.refuse(app, Refused::new(StatusCode::BAD_REQUEST, malformed.to_string())),
        };
        if let Some(fault) = fault {
            refuse_some(&mut events, fault);
        }
        let answer = taken(&events);
        match self.keep(app, events) {
            Ok(()) => answer,
            Err(refused) => refused.into_response(),
        }
    }

    fn refuse(mut self, app: &App, refused: Refused) -> Response {
        self.record.status = refused.status.as_u16();
        self.record.error = Some(refused.message.clone());
        // The answer is the same whether it could be kept or not.
        let _ = self.keep(app, Vec::new());
        refused.into_response()
    }

    /// Keeps a request that gets no answer and leaves nothing behind.
    fn lose(mut self, app: &App) {
        self.record.status = 0;
        let _ = self.keep(app, Vec::new());
    }

    fn keep(&mut self, app: &App, events: Vec<Judged>) -> Result<(), Refused> {
        if self.record.fault.as_deref() == Some(FaultKind::LostAnswer.word()) {
            self.record.status = 0;
        }
        self.record.received_at = clock::wall();
        self.record.took = clock::now().saturating_duration_since(self.began);
        let events: Arc<[Judged]> = events.into();
        let show = |appended: &Appended| app.terminal.show(self.record.clone(), events.clone(), appended.clone());
        match app.collector.append(&self.record, &events, show) {
            Ok(appended) => {
                app.expectations.note(&self.record, &events, &appended);
                Ok(())
            }
            Err(error) => {
                app.terminal.warn(&error.to_string());
                Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
            }
        }
    }
}

impl From<BodyError> for Refused {
    fn from(error: BodyError) -> Self {
        Self { retry_after: error.retry_after(), ..Self::new(error.status(), error.to_string()) }
    }
}

/// What a fault of the kind `partial` does.
fn refuse_some(events: &mut [Judged], fault: FaultKind) {
    for (index, judged) in events.iter_mut().enumerate() {
        let Verdict::Taken(event) = &judged.verdict else { continue };
        if !fault.refuses(index) {
            continue;
        }
        let refusal = Refusal {
            code: FAULT_INJECTED,
            message: "refused because a fault of the kind partial was asked for".to_owned(),
            kind: Some(event.kind.word().to_owned()),
            name: event.name.clone(),
            user_id: event.user_id.clone(),
            group_id: event.group_id.clone(),
            message_id: Some(event.message_id.clone()),
        };
        judged.verdict = Verdict::Refused(refusal);
    }
}
