//! Wall time of calls that take turns in one run, so that a slow moment of the machine affects all of them.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// The approximate duration of a sample, which repeats the call.
const SAMPLE: Duration = Duration::from_millis(2);

pub(crate) struct Candidate<'a> {
    call: Box<dyn FnMut() + 'a>,
    /// Calls per sample.
    calls: u32,
    /// Microseconds per call.
    fastest: f64,
}

impl<'a> Candidate<'a> {
    /// Dropping the result of `function` is measured, too.
    pub(crate) fn new<T>(mut function: impl FnMut() -> T + 'a) -> Self {
        let call = Box::new(move || drop(black_box(function())));
        Self { call, calls: 1, fastest: f64::INFINITY }
    }

    fn sample(&mut self) -> Duration {
        let start = Instant::now();
        for _ in 0..self.calls {
            (self.call)();
        }
        start.elapsed()
    }

    /// Warms up, and finds the number of calls per sample.
    fn calibrate(&mut self) {
        while self.sample() < SAMPLE {
            self.calls *= 2;
        }
    }
}

/// Microseconds per call in the fastest of many rounds. A single round only checks that the calls run.
pub(crate) fn fastest<const N: usize>(
    mut candidates: [Candidate<'_>; N],
    rounds: usize,
) -> [f64; N] {
    if rounds > 1 {
        candidates.iter_mut().for_each(Candidate::calibrate);
    }
    for _ in 0..rounds {
        for candidate in &mut candidates {
            let time = candidate.sample().as_secs_f64() * 1e6 / f64::from(candidate.calls);
            candidate.fastest = candidate.fastest.min(time);
        }
        // No candidate always comes first.
        candidates.rotate_left(1);
    }
    candidates.rotate_right(rounds % N);
    candidates.map(|candidate| candidate.fastest)
}
