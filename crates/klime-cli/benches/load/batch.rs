//! Batches of believable events, made once and then only renumbered, so that the sender costs little.

use serde_json::{Value, json};

pub(crate) const EVENTS_IN_BATCH: u64 = 100;

/// So many batches differ in more than their numbers.
const DISTINCT: u64 = 500;
const USERS: u64 = 2_000;
const GROUPS: u64 = 200;

/// Events are spread over so many seconds until now.
const SPREAD: u64 = 30 * 86_400;

const NAMES: [&str; 20] = [
    "Report Generated",
    "Dashboard Viewed",
    "Export Completed",
    "Teammate Invited",
    "Feature Used",
    "Session Started",
    "Invoice Paid",
    "File Uploaded",
    "Comment Added",
    "Task Completed",
    "Project Created",
    "Search Performed",
    "Settings Updated",
    "Integration Connected",
    "Plan Chosen",
    "Message Sent",
    "Document Shared",
    "Filter Applied",
    "Template Saved",
    "Chart Exported",
];

/// A messageId that is in each event, in its place.
const MESSAGE_ID: &str = "6f1ed002-ab5f-4c4a-9d6f-";
const DIGITS: usize = 12;

/// Batches with numbers, in buffers that are used again.
pub(crate) struct Batches {
    bodies: Vec<Body>,
}

struct Body {
    json: Vec<u8>,
    /// Where the changing digits of each messageId are.
    places: Vec<usize>,
}

impl Batches {
    /// Enough for so many batches.
    pub(crate) fn new(batches: u64) -> Self {
        Self { bodies: (0..batches.min(DISTINCT)).map(Body::new).collect() }
    }

    /// The batch with this number; no messageId is in two of them.
    pub(crate) fn batch(&mut self, number: u64) -> &[u8] {
        let place = (number % self.bodies.len() as u64) as usize;
        let body = &mut self.bodies[place];
        for (index, place) in body.places.iter().enumerate() {
            let digits = format!("{:0DIGITS$x}", number * EVENTS_IN_BATCH + index as u64);
            body.json[*place..place + DIGITS].copy_from_slice(digits.as_bytes());
        }
        &body.json
    }
}

impl Body {
    fn new(number: u64) -> Self {
        let now = jiff::Timestamp::now();
        let events: Vec<Value> =
            (0..EVENTS_IN_BATCH).map(|index| event(number * EVENTS_IN_BATCH + index, now)).collect();
        let json = json!({ "batch": events }).to_string();
        let places = json.match_indices(MESSAGE_ID).map(|(place, _)| place + MESSAGE_ID.len()).collect();
        Self { json: json.into_bytes(), places }
    }
}

fn event(number: u64, now: jiff::Timestamp) -> Value {
    // Every user is identified and linked in turn; what is tracked is mixed.
    let user = if number % 50 < 4 { number / 25 % USERS } else { number * 7919 % USERS };
    let (user_id, group_id) = (format!("usr_{user:06}"), format!("org_{:04}", user % GROUPS));
    let timestamp = now - jiff::SignedDuration::from_secs((number * 104_729 % SPREAD) as i64);
    let mut event = json!({
        "messageId": format!("{MESSAGE_ID}{}", "0".repeat(DIGITS)),
        "timestamp": format!("{timestamp:.3}"),
        "userId": user_id,
        "context": { "library": { "name": "rust-sdk", "version": "1.0.0" } },
    });
    match number % 50 {
        0 | 1 => {
            event["type"] = json!("identify");
            event["traits"] = json!({
                "email": format!("user{user}@example.com"), "name": format!("User {user}"), "role": "member",
                "created_at": "2026-03-01T09:30:00Z", "seats": user % 40,
            });
        }
        2 | 3 => {
            event["type"] = json!("group");
            event["groupId"] = json!(group_id);
            event["traits"] =
                json!({ "name": format!("Company {}", user % GROUPS), "plan": "enterprise", "seats": 50 });
        }
        _ => {
            event["type"] = json!("track");
            event["event"] = json!(NAMES[(number % 20) as usize]);
            event["properties"] = json!({
                "report_type": "revenue", "format": "csv", "row_count": number % 9973, "duration_ms": number % 1337,
                "is_scheduled": number.is_multiple_of(2), "source": "app", "plan": "enterprise",
            });
        }
    }
    event
}
