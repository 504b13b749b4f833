//! A lock that is taken in the order of asking.
//!
//! The standard library's mutex goes to whoever is quickest, and that is the thread that has just given it back. So whoever works piece
//! by piece would keep all others out between its pieces, too. Here each gets a number, and the numbers are called in turn.
//! It does not know how long it is held: that is up to those who take it.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A value that is used by one at a time, first come, first served.
#[derive(Debug, Default)]
pub(crate) struct Fair<T> {
    queue: Mutex<Queue>,
    called: Condvar,
    value: Mutex<T>,
}

#[derive(Debug, Default)]
struct Queue {
    /// The number that the next one gets.
    next: u64,
    /// The number whose turn it is.
    turn: u64,
}

impl<T> Fair<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { queue: Mutex::default(), called: Condvar::new(), value: Mutex::new(value) }
    }

    /// Waits for its turn. A panic of whoever had it before does not matter here.
    pub(crate) fn lock(&self) -> Held<'_, T> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let number = queue.next;
        queue.next += 1;
        let is_early = |queue: &mut Queue| queue.turn != number;
        drop(self.called.wait_while(queue, is_early).unwrap_or_else(PoisonError::into_inner));
        // From here on the turn is given back, whatever happens.
        let turn = Turn { queue: &self.queue, called: &self.called };
        Held { value: self.value.lock().unwrap_or_else(PoisonError::into_inner), _turn: turn }
    }

    #[cfg(test)]
    fn asked(&self) -> u64 {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).next
    }
}

/// The value, until it is dropped. The fields are dropped in this order.
#[derive(Debug)]
pub(crate) struct Held<'a, T> {
    value: MutexGuard<'a, T>,
    _turn: Turn<'a>,
}

impl<T> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Held<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

/// Calls the next number when it is dropped.
#[derive(Debug)]
struct Turn<'a> {
    queue: &'a Mutex<Queue>,
    called: &'a Condvar,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).turn += 1;
        self.called.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::thread;

    use super::Fair;

    #[test]
    fn who_comes_back_at_once_waits_for_those_that_came_before() {
        let fair = Fair::new(Vec::new());
        thread::scope(|scope| {
            let mut held = fair.lock();
            for number in 1..=20 {
                scope.spawn({
                    let fair = &fair;
                    move || fair.lock().push(number)
                });
                // Each has asked before the next one does, and all before this thread comes back.
                while fair.asked() <= number {
                    thread::yield_now();
                }
            }
            held.push(0);
            drop(held);
            assert_eq!(*fair.lock(), (0..=20).collect::<Vec<u64>>());
        });
    }

    #[test]
    fn a_panic_gives_the_turn_back() {
        let fair = Fair::new(1);
        let panicked = panic::catch_unwind(|| {
            let _held = fair.lock();
            panic!("on purpose");
        });
        assert!(panicked.is_err());
        assert_eq!(*fair.lock(), 1);
    }
}
