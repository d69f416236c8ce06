//! A progress bar on standard error.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Only longer work has a bar.
const DELAY: Duration = Duration::from_secs(1);

/// Is shown after a second, if standard error is a terminal.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    start: Instant,
    is_shown: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        Self { bar, start: Instant::now(), is_shown: false }
    }

    /// So many more steps follow.
    pub(crate) fn expect(&mut self, steps: usize) {
        self.bar.inc_length(steps as u64);
    }

    pub(crate) fn done(&mut self) {
        if !self.is_shown && self.start.elapsed() > DELAY {
            self.is_shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.inc(1);
    }

    /// Hides the bar while something else is printed.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        if self.is_shown { self.bar.suspend(print) } else { print() }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
