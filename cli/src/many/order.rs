//! Work in parallel, with results in order.

use std::mem;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::error::Error;

/// How many steps a thread hands over at once. Waking the other thread costs as much as the verdict on a
/// small Job.
const BATCH: usize = 16;

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
            // One batch is handed over while the next one is made.
            let (sender, receiver) = sync_channel(1);
            let batches = Batches { sender, batch: Vec::new(), is_wanted: true };
            scope.spawn(move || work_on((first..count).step_by(threads), work, batches));
            receiver.into_iter().flatten()
        };
        let mut steps: Vec<_> = (0..threads).map(start).collect();
        for number in 0..count {
            // A thread that panicked sends nothing more. The scope passes the panic on.
            for step in steps.get_mut(number % threads).into_iter().flatten() {
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

/// The steps of a thread, on their way to the one that receives them.
struct Batches<T> {
    sender: SyncSender<Vec<Step<T>>>,
    batch: Vec<Step<T>>,
    /// Whether there is still somebody who receives them.
    is_wanted: bool,
}

impl<T> Batches<T> {
    fn push(&mut self, step: Step<T>) {
        self.batch.push(step);
        if self.batch.len() == BATCH {
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        self.is_wanted &= self.sender.send(mem::take(&mut self.batch)).is_ok();
    }
}

fn work_on<T>(numbers: impl Iterator<Item = usize>, work: &Work<'_, T>, mut batches: Batches<T>) {
    for number in numbers {
        work(number, &mut |result| batches.push(Step::Result(result)));
        batches.push(Step::End);
        if !batches.is_wanted {
            return;
        }
    }
    batches.hand_over();
}
