//! A fault as it is written on the command line: `429,retry-after=2,rate=0.5`.

use std::str::FromStr;
use std::time::Duration;

use super::{Fault, FaultKind, InvalidFault};

const EXAMPLES: &str =
    "429,retry-after=2,rate=0.5 | 503,count=3 | partial,share=0.1 | slow=500ms | hang | reset | lost-answer";

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let mut parts = text.split(',').map(str::trim);
        let kind = kind(parts.next().unwrap_or_default())?;
        let mut fault = Self { kind, rate: 1.0, count: None };
        for part in parts {
            let (key, value) = part
                .split_once('=')
                .ok_or_else(|| InvalidFault(format!("{part:?} is no key=value; for example {EXAMPLES}")))?;
            set(&mut fault, key.trim(), value.trim())?;
        }
        fault.checked()
    }
}

fn kind(text: &str) -> Result<FaultKind, InvalidFault> {
    if let Some(delay) = text.strip_prefix("slow=") {
        return Ok(FaultKind::Slow { delay: duration(delay)? });
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(FaultKind::Status { status: number("status", text)?, retry_after: None });
    }
    match text {
        "partial" => Ok(FaultKind::Partial { share: 0.5 }),
        "hang" => Ok(FaultKind::Hang),
        "reset" => Ok(FaultKind::Reset),
        "lost-answer" | "lost_answer" => Ok(FaultKind::LostAnswer),
        "slow" => Err(InvalidFault("slow needs to know by how much: slow=500ms".to_owned())),
        other => Err(InvalidFault(format!("there is no fault {other:?}; there are {EXAMPLES}"))),
    }
}

fn set(fault: &mut Fault, key: &str, value: &str) -> Result<(), InvalidFault> {
    match (key, &mut fault.kind) {
        ("rate", _) => fault.rate = number("rate", value)?,
        ("count", _) => fault.count = Some(number("count", value)?),
        ("retry-after", FaultKind::Status { retry_after, .. }) => {
            *retry_after = Some(number("retry-after", value.strip_suffix('s').unwrap_or(value))?);
        }
        ("share", FaultKind::Partial { share }) => *share = number("share", value)?,
        ("retry-after", _) => return Err(InvalidFault("retry-after belongs to a status, like 429".to_owned())),
        ("share", _) => return Err(InvalidFault("share belongs to partial".to_owned())),
        _ => {
            let sentence =
                format!("there is no {key:?}; a fault takes rate, count, retry-after (status), share (partial)");
            return Err(InvalidFault(sentence));
        }
    }
    Ok(())
}

fn number<T: FromStr>(what: &str, text: &str) -> Result<T, InvalidFault> {
    text.parse().map_err(|_| InvalidFault(format!("{what} must be a number within its bounds, not {text:?}")))
}

fn duration(text: &str) -> Result<Duration, InvalidFault> {
    let (digits, unit) = match text.strip_suffix("ms") {
        Some(digits) => (digits, 1),
        None => (text.strip_suffix('s').unwrap_or_default(), 1000),
    };
    let amount: Option<u64> = digits.parse().ok();
    let milliseconds = amount.and_then(|amount| amount.checked_mul(unit));
    milliseconds
        .map(Duration::from_millis)
        .ok_or_else(|| InvalidFault(format!("a delay is a whole number with a unit, 500ms or 2s, not {text:?}")))
}
