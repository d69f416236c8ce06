//! What standard output can show.

use std::env;
use std::io;

use anstream::AutoStream;
use anstyle::{AnsiColor, Style};
use clap::ColorChoice;

/// How a text for people is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub(crate) is_coloured: bool,
    /// In characters.
    pub(crate) width: usize,
}

/// The width if nobody knows it.
const WIDTH: usize = 100;

impl Terminal {
    /// Chooses for standard output, and sets the choice for standard error too.
    pub(crate) fn detect(color: ColorChoice) -> Self {
        let choice = match color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let is_coloured = AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never;
        Self { is_coloured, width: columns().unwrap_or(WIDTH).max(40) }
    }
}

fn columns() -> Option<usize> {
    let set = env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok())
        .filter(|columns| *columns > 0);
    set.or_else(|| terminal_size::terminal_size().map(|(width, _)| width.0.into()))
}

impl Terminal {
    pub(crate) fn red(self) -> Style {
        self.colour(AnsiColor::Red)
    }

    pub(crate) fn yellow(self) -> Style {
        self.colour(AnsiColor::Yellow)
    }

    pub(crate) fn green(self) -> Style {
        self.colour(AnsiColor::Green)
    }

    pub(crate) fn cyan(self) -> Style {
        if self.is_coloured { AnsiColor::Cyan.on_default() } else { Style::new() }
    }

    pub(crate) fn bold(self) -> Style {
        if self.is_coloured { Style::new().bold() } else { Style::new() }
    }

    fn colour(self, colour: AnsiColor) -> Style {
        if self.is_coloured { colour.on_default().bold() } else { Style::new() }
    }
}
