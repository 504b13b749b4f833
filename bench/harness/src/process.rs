//! What the kernel says about this process. Read from `/proc`: `getrusage` would need a crate or unsafe code.

use std::fs;

/// CPU seconds of all threads of this process so far.
///
/// `schedstat` counts nanoseconds but forgets threads that ended, `stat` keeps them but counts ticks of 10 ms: the
/// larger of the two is the closer.
pub(crate) fn cpu_seconds() -> f64 {
    let ticks = fs::read_to_string("/proc/self/stat")
        .ok()
        .and_then(|stat| ticks_of(&stat))
        .unwrap_or(0);
    (ticks as f64 / 100.0).max(live_threads_nanos() as f64 / 1e9)
}

/// User and system time, the 14th and 15th field; the name, the 2nd, may hold blanks and ends at the last bracket.
fn ticks_of(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut fields = after_name.split_whitespace().skip(11);
    Some(fields.next()?.parse::<u64>().ok()? + fields.next()?.parse::<u64>().ok()?)
}

fn live_threads_nanos() -> u64 {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return 0;
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok())
        .filter_map(|line| line.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

/// The most memory this process ever held, in KiB.
pub(crate) fn peak_memory_kib() -> u64 {
    field("/proc/self/status", "VmHWM:")
}

/// How often the calling thread gave up its core because it had to wait.
pub(crate) fn waits_of_this_thread() -> u64 {
    field("/proc/thread-self/status", "voluntary_ctxt_switches:")
}

fn field(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{cpu_seconds, peak_memory_kib, ticks_of};

    #[test]
    fn ticks_are_found_behind_a_name_with_blanks() {
        assert_eq!(
            ticks_of("7 (a b) c) S 1 7 7 0 -1 4 90 0 0 0 15 4 0 0 20"),
            Some(19)
        );
    }

    #[test]
    fn this_process_uses_memory_and_time() {
        let start = cpu_seconds();
        let mut sum = 0_u64;
        while cpu_seconds() - start < 0.02 && sum < 10_000_000 {
            sum += 1;
        }
        assert!(cpu_seconds() > start);
        assert!(peak_memory_kib() > 100);
    }
}
