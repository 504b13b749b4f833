//! The report for people: a line a step, and below it what to do.

use anstyle::{AnsiColor, Style};

use super::network::millis;
use super::step::{Report, Step, Verdict};
use crate::print;

const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

pub(super) fn print(report: &Report) {
    for step in &report.steps {
        print::line(line(step));
        if let Some(fix) = &step.fix {
            print::line(format_args!("{:23}{DIM}->{DIM:#} {fix}", ""));
        }
    }
    print::line("");
    print::line(match report.ok {
        true => "All is well: events would arrive.",
        false => "Mend the first step that failed, then run klime doctor again.",
    });
}

fn line(step: &Step) -> String {
    let (style, mark) = match step.verdict {
        Verdict::Ok => (print::GREEN, "ok"),
        Verdict::Warning => (YELLOW, "warning"),
        Verdict::Failed => (print::RED, "FAILED"),
        Verdict::Skipped => (DIM, "-"),
    };
    let took = step.took.map(|took| format!(" {DIM}({}){DIM:#}", millis(took))).unwrap_or_default();
    format!("{:<14}{style}{mark:<8}{style:#} {}{took}", step.step.word(), step.found)
}
