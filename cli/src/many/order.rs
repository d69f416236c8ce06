//! Work in parallel, with results in order.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::error::Error;

/// How many results of a thread wait for their turn.
const MAX_WAITING: usize = 16;

/// A result of a piece of work, or its end.
pub(super) enum Step<T> {
    Result(T),
    End,
}

type Work<'w, T> = dyn Fn(usize, &mut dyn FnMut(T)) + Sync + 'w;

/// Does the pieces of work with the numbers below `count`. `each` receives the results of each piece, in
/// the order of the pieces. Its error stops the work.
pub(super) fn in_order<T: Send>(
    threads: usize,
    count: usize,
    work: &Work<'_, T>,
    each: &mut dyn FnMut(Step<T>) -> Result<(), Error>,
) -> Result<(), Error> {
    let threads = threads.min(count);
    thread::scope(|scope| {
        let start = |first| {
            let (results, receiver) = sync_channel(MAX_WAITING);
            scope.spawn(move || work_on((first..count).step_by(threads), work, &results));
            receiver
        };
        let receivers: Vec<Receiver<Step<T>>> = (0..threads).map(start).collect();
        for (_, receiver) in (0..count).zip(receivers.iter().cycle()) {
            // A thread that panicked sends nothing more. The scope passes the panic on.
            while let Ok(step) = receiver.recv() {
                let is_end = matches!(step, Step::End);
                each(step)?;
                if is_end {
                    break;
                }
            }
        }
        Ok(())
    })
}

fn work_on<T>(
    numbers: impl Iterator<Item = usize>,
    work: &Work<'_, T>,
    results: &SyncSender<Step<T>>,
) {
    for number in numbers {
        let mut is_wanted = true;
        work(number, &mut |result| is_wanted &= results.send(Step::Result(result)).is_ok());
        if !is_wanted || results.send(Step::End).is_err() {
            return;
        }
    }
}
