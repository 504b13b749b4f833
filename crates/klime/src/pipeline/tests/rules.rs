//! One rule, one test.

use super::*;

#[test]
fn a_batch_goes_out_when_it_is_full() {
    let mut world = World::new(settings());
    world.enqueue(19);
    assert!(world.take().is_empty());
    world.enqueue(1);
    assert_eq!(world.take(), [(0..20).collect::<Vec<_>>()]);
}

#[test]
fn a_batch_goes_out_one_interval_after_its_first_event() {
    let mut world = World::new(settings());
    world.at(100).enqueue(1);
    world.at(2000).enqueue(1);
    assert_eq!(world.wake_at(), Some(2100));
    assert!(world.at(2099).take().is_empty());
    assert_eq!(world.at(2100).take(), [[0, 1]]);
}

#[test]
fn the_timer_runs_one_interval_after_the_last_event_and_then_not_at_all() {
    let mut world = World::new(settings());
    assert_eq!(world.wake_at(), None);
    world.enqueue(20).take();
    world.settle(&Answer::Ok);
    assert_eq!(world.wake_at(), Some(2000));
    assert_eq!(world.at(2000).wake_at(), None);
}

#[test]
fn a_batch_is_never_larger_than_the_setting_whatever_the_backlog() {
    let mut world = World::new(Settings { max_in_flight: 1, ..settings() });
    world.enqueue(105);
    world.begin(Purpose::Flush, None);
    let mut sizes = Vec::new();
    while let [events] = &world.take()[..] {
        sizes.push(events.len());
        world.settle(&Answer::Ok);
    }
    assert_eq!(sizes, [20, 20, 20, 20, 20, 5]);
}

#[test]
fn a_batch_is_cut_before_ten_megabytes() {
    let mut world = World::new(Settings { max_batch_size: 100, ..settings() });
    for _ in 0..60 {
        world.enqueue_padded(200 * 1024 - 100).unwrap();
    }
    let taken = world.take();
    assert_eq!(taken.iter().map(Vec::len).collect::<Vec<_>>(), [51]);
    assert!(world.sending[0].batch.body().len() <= batch::MAX_BATCH_BYTES);
}

#[test]
fn a_further_slot_is_used_only_after_ten_milliseconds() {
    let mut world = World::new(settings());
    world.enqueue(60);
    assert_eq!(world.take().len(), 1);
    assert_eq!(world.wake_at(), Some(10));
    assert!(world.at(9).take().is_empty());
    // The one that waits behind it has waited for as long.
    assert_eq!(world.at(10).take().len(), 2);
}

#[test]
fn a_fast_server_gets_one_batch_after_the_other() {
    let mut world = World::new(settings());
    world.enqueue(60);
    for first in [0, 20, 40] {
        assert_eq!(world.take(), [(first..first + 20).collect::<Vec<_>>()]);
        world.settle(&Answer::Ok);
    }
    assert_eq!(world.books().accepted, 60);
}

#[test]
fn no_more_batches_are_under_way_than_the_setting_backoff_included() {
    let mut world = World::new(Settings { max_in_flight: 2, ..settings() });
    world.enqueue(80);
    world.take();
    assert_eq!(world.at(10).take().len(), 1);
    world.settle(&Answer::Busy(None)).settle(&Answer::Busy(None));
    assert!(world.at(500).take().is_empty(), "both slots are in back-off");
    assert_eq!(world.at(1010).take(), [(0..20).collect::<Vec<_>>(), (20..40).collect()]);
}

#[test]
fn a_retry_comes_after_its_backoff_and_the_last_one_fails() {
    let mut world = World::new(settings());
    world.enqueue(20).take();
    let mut at = 0;
    for wait in [1000, 2000, 4000, 8000] {
        world.settle(&Answer::Busy(None));
        assert!(world.at(at + wait - 1).take().is_empty());
        at += wait;
        assert_eq!(world.at(at).take().len(), 1);
    }
    world.settle(&Answer::Busy(None));
    let books = world.books();
    assert_eq!((books.failed, books.requests, books.retries), (20, 5, 4));
    let Some(Effect::Notice(Notice::Failed(failure, _))) = world.effects.last() else { panic!() };
    assert_eq!((failure.attempts, failure.status), (5, Some(503)));
}

#[test]
fn retry_after_holds_back_the_whole_client() {
    let mut world = World::new(settings());
    world.enqueue(60).take();
    world.settle(&Answer::Busy(Some(ms(3000))));
    let reply = world.send();
    assert!(world.at(2999).take().is_empty());
    assert_eq!(world.wake_at(), Some(3000));
    // The retry has its slot; what it held back comes one after the other again.
    assert_eq!(world.at(3000).take().len(), 1);
    assert_eq!(world.at(3010).take().len(), 3);
    assert!(!reply.was_filled());
}

#[test]
fn retry_after_closes_the_gate_even_when_the_attempts_are_spent() {
    let mut world = World::new(Settings { retry_max_attempts: 1, ..settings() });
    world.enqueue(20).take();
    world.settle(&Answer::Busy(Some(ms(3000)))).enqueue(20);
    assert_eq!(world.books().failed, 20);
    assert!(world.at(2999).take().is_empty());
    assert_eq!(world.at(3000).take().len(), 1);
}

#[test]
fn a_send_goes_before_what_is_queued() {
    let mut world = World::new(settings());
    world.enqueue(40);
    let reply = world.send();
    assert_eq!(world.take(), [[40]]);
    world.settle(&Answer::Refuse(vec![0], 1));
    let error = reply.wait_until(Some(world.now)).unwrap().unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Rejected);
    assert_eq!(error.response().unwrap().failed, 1);
}

#[test]
fn a_send_whose_time_is_over_is_told_of_the_last_attempt() {
    let mut world = World::new(settings());
    let reply = world.send();
    world.take();
    assert!(reply.take_note().is_none(), "nothing is known yet");
    world.settle(&Answer::Busy(None)).at(1000).take();
    world.settle(&Answer::Busy(Some(ms(30_000))));
    assert!(!reply.was_filled(), "it is tried again");
    let error = reply.take_note().unwrap().unwrap_err();
    assert_eq!((error.kind(), error.status_code(), error.attempts()), (SendErrorKind::Timeout, Some(503), 2));
    assert_eq!(error.retry_after(), Some(ms(30_000)));
    world.at(31_000).take();
    world.settle(&Answer::Ok);
    assert_eq!(reply.wait_until(Some(world.now)).unwrap().unwrap().accepted, 1);
}

#[test]
fn an_answer_that_has_come_goes_before_what_was_noted() {
    let mut world = World::new(settings());
    let reply = world.send();
    world.take();
    world.settle(&Answer::Busy(None)).at(1000).take();
    world.settle(&Answer::Ok);
    assert_eq!(reply.take_note().unwrap().unwrap().accepted, 1);
}

#[test]
fn a_batch_that_is_too_large_is_halved_until_it_fits_in_the_same_slot() {
    let mut world = World::new(Settings { max_in_flight: 1, ..settings() });
    world.enqueue(20);
    let ticket = world.begin(Purpose::Flush, None);
    let mut sizes = Vec::new();
    while let [events] = &world.take()[..] {
        sizes.push(events.len());
        world.settle(&Answer::Most(3));
        world.books();
    }
    assert_eq!(sizes, [20, 10, 5, 2, 3, 5, 2, 3, 10, 5, 2, 3, 5, 2, 3]);
    assert_eq!(report(&ticket).unwrap().accepted, 20);
    assert_eq!(world.books().retries, 0, "a split is no attempt");
}

#[test]
fn a_single_event_that_is_too_large_has_failed() {
    let mut world = World::new(settings());
    world.enqueue(1);
    let ticket = world.begin(Purpose::Flush, None);
    world.take();
    world.settle(&Answer::Most(0));
    assert_eq!(report(&ticket).unwrap().failed, 1);
}

#[test]
fn the_oldest_event_makes_room() {
    let mut world = World::new(Settings { max_queue_size: 3, ..settings() });
    world.enqueue(5);
    let books = world.books();
    assert_eq!((books.pending, books.dropped.queue_full), (3, 2));
    world.begin(Purpose::Flush, None);
    assert_eq!(world.take(), [[2, 3, 4]]);
}

#[test]
fn the_new_event_is_dropped_when_asked_for_or_when_all_is_in_flight() {
    let mut world = World::new(Settings { max_queue_size: 3, overflow: Overflow::DropNewest, ..settings() });
    world.enqueue(5);
    world.begin(Purpose::Flush, None);
    assert_eq!(world.take(), [[0, 1, 2]]);

    let mut world = World::new(Settings { max_queue_size: 20, ..settings() });
    world.enqueue(20).take();
    assert_eq!(world.enqueue_padded(0), Err(DropReason::QueueFull));
    assert_eq!(world.books().pending, 20);
}

#[test]
fn an_endless_overflow_holds_no_more_memory_than_the_bound() {
    let mut world = World::new(Settings { max_queue_size: 5, max_batch_size: 100, ..settings() });
    world.enqueue(100_000);
    let held: usize = world.pipeline.queue.batches().map(Batch::pushed).sum();
    assert!(held <= 105, "{held} events are held in memory for 5");
}

#[test]
fn bytes_are_bounded_too() {
    let mut world = World::new(Settings { max_queue_bytes: 1000, ..settings() });
    for _ in 0..10 {
        world.enqueue_padded(200).unwrap();
    }
    let books = world.books();
    assert!(books.pending_bytes <= 1000 && books.pending == 4, "{books:?}");
    // One that does not fit beside what is in flight evicts nothing.
    world.begin(Purpose::Flush, None);
    world.take();
    assert_eq!(world.enqueue_padded(800), Err(DropReason::QueueFull));
}

#[test]
fn a_flush_waits_for_what_came_before_it_and_for_nothing_else() {
    let mut world = World::new(settings());
    world.enqueue(5);
    let first = world.begin(Purpose::Flush, None);
    world.enqueue(5);
    let second = world.begin(Purpose::Flush, None);
    world.enqueue(5);
    assert_eq!(world.take(), [(0..15).collect::<Vec<_>>()], "what has come since goes along");
    world.settle(&Answer::Refuse(vec![1, 7, 14], 3));
    let first = report(&first).unwrap();
    assert_eq!((first.accepted, first.rejected, first.pending), (4, 1, 0));
    let second = report(&second).unwrap();
    assert_eq!((second.accepted, second.rejected, second.pending), (8, 2, 0));
    assert!(!second.is_complete());
}

#[test]
fn a_flush_counts_what_overflow_takes_from_it() {
    let mut world = World::new(Settings { max_queue_size: 3, max_in_flight: 1, ..settings() });
    world.enqueue(3);
    let ticket = world.begin(Purpose::Flush, None);
    world.enqueue(2);
    world.take();
    world.settle(&Answer::Ok);
    let report = report(&ticket).unwrap();
    assert_eq!((report.accepted, report.dropped), (1, 2));
}

#[test]
fn a_flush_ends_at_its_deadline_with_what_there_is() {
    let mut world = World::new(settings());
    world.enqueue(25);
    let ticket = world.begin(Purpose::Flush, Some(100));
    world.take();
    assert_eq!(world.wake_at(), Some(10));
    world.at(100).take();
    let report = report(&ticket).unwrap();
    assert_eq!((report.pending, report.unconfirmed), (25, 20));
    world.settle(&Answer::Ok);
    assert_eq!(world.books().accepted, 20, "the client goes on");
}

#[test]
fn a_shutdown_drops_what_is_left_at_its_deadline_and_ignores_late_answers() {
    let mut world = World::new(settings());
    world.enqueue(25).take();
    let ticket = world.begin(Purpose::Shutdown, Some(1000));
    assert_eq!(world.enqueue_padded(0), Err(DropReason::Closed));
    assert!(matches!(world.pipeline.next(world.now), Next::Wait));
    world.at(1000);
    assert!(matches!(world.pipeline.next(world.now), Next::Exit));
    world.carry_out();
    let report = report(&ticket).unwrap();
    assert_eq!((report.dropped, report.unconfirmed, report.pending), (25, 20, 0));
    world.settle(&Answer::Ok);
    let books = world.books();
    assert_eq!((books.accepted, books.dropped.shutdown_deadline, books.dropped.closed), (0, 25, 1));
}

#[test]
fn a_shutdown_does_not_wait_for_what_cannot_be_sent_in_time() {
    let mut gate = World::new(settings());
    gate.enqueue(40).take();
    gate.settle(&Answer::Busy(Some(ms(60_000))));
    assert!(report(&gate.begin(Purpose::Shutdown, Some(5000))).is_some());

    let mut backoff = World::new(settings());
    backoff.enqueue(20).take();
    backoff.settle(&Answer::Busy(None));
    assert!(report(&backoff.begin(Purpose::Shutdown, Some(900))).is_some());
    assert_eq!(backoff.books().dropped.shutdown_deadline, 20);

    let mut in_time = World::new(settings());
    in_time.enqueue(20).take();
    in_time.settle(&Answer::Busy(None));
    assert!(report(&in_time.begin(Purpose::Shutdown, Some(1100))).is_none());
}

#[test]
fn a_shutdown_without_flush_sends_nothing_more() {
    let mut world = World::new(Settings { flush_on_shutdown: false, ..settings() });
    world.enqueue(30).take();
    let ticket = world.begin(Purpose::Shutdown, Some(5000));
    assert_eq!(world.books().dropped.shutdown_deadline, 10);
    assert!(report(&ticket).is_none(), "one is in flight");
    world.settle(&Answer::Busy(None));
    let report = report(&ticket).unwrap();
    assert_eq!((report.dropped, report.unconfirmed), (30, 0));
}

#[test]
fn the_most_patient_of_several_shutdowns_decides() {
    let mut world = World::new(settings());
    world.enqueue(20).take();
    let patient = world.begin(Purpose::Shutdown, Some(5000));
    let hasty = world.begin(Purpose::Shutdown, Some(100));
    world.at(100).take();
    assert_eq!(report(&hasty).unwrap().pending, 20);
    world.settle(&Answer::Ok);
    assert!(report(&patient).unwrap().is_complete());
    let again = world.begin(Purpose::Shutdown, Some(100));
    assert!(report(&again).unwrap().accepted == 20, "it has the same result");
}

#[test]
fn a_transport_that_panics_loses_its_batch_and_says_so() {
    let mut world = World::new(settings());
    world.enqueue(20).take();
    world.settle(&Answer::Panic);
    assert_eq!(world.books().dropped.worker_died, 20);
}

/// A shutdown that ends behind callbacks, which the test lets run by filling the ticket.
fn shut_down_behind_callbacks(world: &mut World, deadline: Option<u64>) -> Arc<Ticket<Report>> {
    let ticket = Arc::new(Ticket::new());
    let limits = world.limits(deadline);
    world.pipeline.begin(Purpose::Shutdown, Arc::clone(&ticket), limits, true, world.now);
    ticket
}

#[test]
fn a_shutdown_behind_callbacks_is_finished_when_they_have_run_or_at_its_deadline() {
    let mut world = World::new(settings());
    let told = shut_down_behind_callbacks(&mut world, None);
    assert!(matches!(world.pipeline.next(world.now), Next::Wait));
    told.fill(Report::default());
    assert!(world.pipeline.is_finished(), "nobody waits any more, so a worker must be called to end");

    let mut world = World::new(settings());
    let untold = shut_down_behind_callbacks(&mut world, Some(100));
    assert_eq!(world.wake_at(), Some(100));
    world.pipeline.take_effects();
    world.at(100).take();
    assert!(report(&untold).is_some());
}

#[test]
fn a_further_shutdown_waits_for_the_callbacks_too() {
    let mut world = World::new(settings());
    world.begin(Purpose::Shutdown, Some(100));
    let further = shut_down_behind_callbacks(&mut world, Some(100));
    let effects = world.pipeline.take_effects();
    assert!(matches!(effects[..], [Effect::Over { after_callbacks: true, .. }]), "{effects:?}");
    assert!(report(&further).is_none());
    world.at(100).take();
    assert!(report(&further).is_some());
}

#[test]
fn a_provisional_deadline_ends_nothing_early_but_holds() {
    let mut world = World::new(settings());
    world.enqueue(20).take();
    world.settle(&Answer::Busy(Some(ms(10_000))));
    let ticket = Arc::new(Ticket::new());
    let provisional = Limits { are_provisional: true, ..world.limits(Some(5000)) };
    world.pipeline.begin(Purpose::Shutdown, Arc::clone(&ticket), provisional, false, world.now);
    assert!(report(&ticket).is_none(), "it may still be given more time");
    let hasty = world.begin(Purpose::Shutdown, Some(1000));
    world.at(1000).take();
    assert_eq!(report(&hasty).unwrap().pending, 20);
    world.at(5000).take();
    assert_eq!(report(&ticket).unwrap().dropped, 20);
}

#[test]
fn nothing_is_sent_after_a_shutdown_without_flush_parts_of_a_split_included() {
    let mut world = World::new(Settings { flush_on_shutdown: false, ..settings() });
    world.enqueue(8);
    world.begin(Purpose::Flush, None);
    world.take();
    world.settle(&Answer::Most(4)).take();
    let ticket = world.begin(Purpose::Shutdown, Some(5000));
    assert_eq!(world.books().dropped.shutdown_deadline, 4, "the half that was not sent");
    world.settle(&Answer::Most(2));
    assert!(world.take().is_empty());
    assert_eq!(report(&ticket).unwrap().dropped, 8);
}

#[test]
fn thousands_of_flushes_end_at_their_own_times() {
    let mut world = World::new(settings());
    world.enqueue(20).take();
    let flushes: Vec<_> = (1..=3000).map(|deadline| (deadline, world.begin(Purpose::Flush, Some(deadline)))).collect();
    for at in [1, 1500, 2999] {
        assert_eq!(world.at(at).take().len(), 0);
        assert!(flushes.iter().all(|(deadline, ticket)| ticket.was_filled() == (*deadline <= at)));
        assert_eq!(world.wake_at(), Some(u128::from(at) + 1));
    }
    world.settle(&Answer::Ok);
    assert_eq!(report(&flushes[2999].1).unwrap().accepted, 20);
}

#[test]
fn what_overflow_took_out_holds_no_memory_once_a_batch_is_under_way() {
    let mut world = World::new(Settings { max_queue_size: 2, max_batch_size: 100, ..settings() });
    for _ in 0..100 {
        world.enqueue_padded(10_000).unwrap();
    }
    assert_eq!(world.take(), [[98, 99]]);
    let held = world.sending[0].batch.capacity();
    assert!(held < 40_000, "{held} bytes are held for two events of 10,000");
}
