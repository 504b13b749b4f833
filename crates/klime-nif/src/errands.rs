//! Waits for the core's futures and tells a process what they resolve to.
//!
//! A future may be woken on any thread, a scheduler of the Erlang VM included, and from there no message can be sent without the
//! environment of the call. So one thread of the library polls all futures and sends all answers.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

static ERRANDS: OnceLock<Sender<Arc<Errand>>> = OnceLock::new();

/// Starts the thread; once, when the library is loaded.
pub(crate) fn start() -> io::Result<()> {
    let (sender, errands) = mpsc::channel::<Arc<Errand>>();
    let run = move || {
        for errand in errands {
            errand.go_on();
        }
    };
    thread::Builder::new().name("klime-answers".to_owned()).spawn(run)?;
    // The first one stays, should the library be loaded twice.
    let _ = ERRANDS.set(sender);
    Ok(())
}

/// Carries `work` out in the background.
pub(crate) fn run(work: impl Future<Output = ()> + Send + 'static) {
    Arc::new(Errand { work: Mutex::new(Some(Box::pin(work))) }).queue();
}

struct Errand {
    work: Mutex<Option<Work>>,
}

impl Errand {
    fn queue(self: Arc<Self>) {
        if let Some(errands) = ERRANDS.get() {
            // The thread ends with the process, so it is there.
            let _ = errands.send(self);
        }
    }

    fn go_on(self: &Arc<Self>) {
        let waker = Waker::from(Arc::clone(self));
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = work.as_mut().is_some_and(|work| {
            // One that panics is over, and does not take the thread of all others with it.
            let poll = AssertUnwindSafe(|| work.as_mut().poll(&mut Context::from_waker(&waker)));
            !matches!(catch_unwind(poll), Ok(Poll::Pending))
        });
        if is_over {
            *work = None;
        }
    }
}

impl Wake for Errand {
    fn wake(self: Arc<Self>) {
        self.queue();
    }
}
