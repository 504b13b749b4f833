//! What is said when the month has been sent: the customers as klime dev sees them, and whether everything arrived.

use std::collections::HashSet;
use std::fmt::Write as _;

use anstyle::Style;
use jiff::Timestamp;

use super::sender::{ANONYMOUS_ID, Sent};
use crate::dev::customers::{Customer, List, State};
use crate::dev::event::Status;
use crate::dev::store::Row;
use crate::print::{GREEN, RED, YELLOW, printable};

const BOLD: Style = Style::new().bold();
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What has arrived of what was sent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Arrival {
    pub(super) sent: usize,
    pub(super) arrived: usize,
    /// Seen a second time, not counted again.
    pub(super) duplicates: usize,
    /// The anonymous one, which is refused on purpose.
    pub(super) refused: usize,
}

impl Arrival {
    /// Compares what was sent with what is stored. An event that was refused has not arrived, but for the one that is anonymous.
    pub(super) fn of<'a>(sent: &Sent, rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut arrival = Self { sent: sent.ids.len(), ..Self::default() };
        let mut seen = HashSet::new();
        for row in rows {
            let Some(id) = row.message_id.as_deref().filter(|id| sent.ids.contains(*id)) else { continue };
            match row.status {
                Status::Refused if id != ANONYMOUS_ID => continue,
                Status::Refused => arrival.refused += 1,
                Status::Duplicate => arrival.duplicates += 1,
                Status::Accepted => {}
            }
            seen.insert(id);
        }
        arrival.arrived = seen.len();
        arrival
    }

    pub(super) fn is_complete(&self) -> bool {
        self.arrived == self.sent
    }
}

/// The customers as a table, the one seen last first.
pub(super) fn table(list: &List, now: Timestamp) -> String {
    let mut text = format!(
        "\n{BOLD}{:<22} {:<11} {:>7} {:>7} {:>6}  {:<30}  {:<11} state{BOLD:#}\n",
        "company", "plan", "members", "30 days", "7 days", "day by day", "last seen"
    );
    for customer in &list.customers {
        // Writing to a `String` does not fail.
        let _ = writeln!(text, "{}", line(customer, now));
    }
    text
}

fn line(customer: &Customer, now: Timestamp) -> String {
    let plan = customer.traits.get("plan").and_then(serde_json::Value::as_str).unwrap_or_default();
    let (style, state) = match customer.state {
        State::Active => (GREEN, "active"),
        State::Quiet => (YELLOW, "quiet"),
        State::Idle => (Style::new().dimmed(), "idle"),
    };
    format!(
        "{:<22} {:<11} {:>7} {:>7} {:>6}  {:<30}  {:<11} {style}{state}{style:#}",
        printable(customer.name.as_deref().unwrap_or(&customer.id)),
        printable(plan),
        customer.members.unwrap_or_default(),
        customer.events30,
        customer.events7,
        bars(&customer.trend),
        customer.last_seen.map_or_else(|| "never".to_owned(), |last| ago(last, now)),
    )
}

/// A line of bars, the highest day being the whole height.
fn bars(days: &[u64]) -> String {
    let most = days.iter().copied().max().unwrap_or_default().max(1);
    let bar = |count: &u64| match *count {
        0 => ' ',
        count => {
            let height = (count * BARS.len() as u64).div_ceil(most).saturating_sub(1);
            usize::try_from(height).ok().and_then(|height| BARS.get(height)).copied().unwrap_or('█')
        }
    };
    days.iter().map(bar).collect()
}

fn ago(last: Timestamp, now: Timestamp) -> String {
    match now.duration_since(last).as_hours() / 24 {
        ..=0 => "today".to_owned(),
        1 => "a day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

/// What was sent, and what arrived.
pub(super) fn verdict(arrival: &Arrival, trouble: Option<&str>) -> String {
    let Arrival { sent, arrived, duplicates, refused } = arrival;
    let mut text = format!("sent {sent}, arrived {arrived}");
    let on_purpose =
        [(*refused, "refused, because it is anonymous"), (*duplicates, "seen a second time, not counted again")];
    let on_purpose: Vec<String> =
        on_purpose.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if !on_purpose.is_empty() {
        let _ = write!(text, " (on purpose: {})", on_purpose.join("; "));
    }
    match arrival.is_complete() {
        true => text + &format!("\n{GREEN}All that were sent arrived.{GREEN:#}"),
        false => {
            let trouble = trouble.map(|report| format!(": {report}")).unwrap_or_default();
            text + &format!("\n{RED}{} did not arrive{RED:#}{trouble}", sent - arrived)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_the_busiest_day_in_full_and_quiet_days_as_gaps() {
        assert_eq!(bars(&[0, 1, 4, 8, 16, 0]), " ▁▂▄█ ");
        assert_eq!(bars(&[0, 0]), "  ");
        assert_eq!(bars(&[1]), "█");
    }

    fn row(id: &str, status: Status) -> Row {
        let row = serde_json::json!({ "id": id });
        Row {
            seq: 1,
            status,
            received_at: Timestamp::UNIX_EPOCH,
            batch: 1,
            index: 0,
            kind: None,
            event: None,
            user_id: None,
            group_id: None,
            message_id: Some(id.to_owned()),
            timestamp: None,
            library: None,
            groups: Vec::new(),
            error: None,
            duplicate_of: None,
            bytes: 0,
            body: row.to_string(),
        }
    }

    #[test]
    fn only_what_was_sent_and_taken_has_arrived() {
        let ids = ["a", "b", "c", ANONYMOUS_ID].map(str::to_owned);
        let sent = Sent { ids: HashSet::from(ids), trouble: None };
        let rows = [
            row("a", Status::Accepted),
            row("a", Status::Duplicate),
            row("b", Status::Refused),
            row("elsewhere", Status::Accepted),
            row(ANONYMOUS_ID, Status::Refused),
        ];
        let arrival = Arrival::of(&sent, &rows);
        assert_eq!(arrival, Arrival { sent: 4, arrived: 2, duplicates: 1, refused: 1 });
        assert!(!arrival.is_complete());
        assert!(verdict(&arrival, Some("1 rejected")).ends_with(": 1 rejected"));
        assert!(verdict(&arrival, None).contains("2 did not arrive"));

        let rows = ["a", "b", "c", ANONYMOUS_ID].map(|id| row(id, Status::Accepted));
        assert!(Arrival::of(&sent, &rows).is_complete());
    }
}
