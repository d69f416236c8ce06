//! The log, on standard error.

use std::io;
use std::panic::PanicHookInfo;

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

/// The format of the log.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[expect(clippy::exhaustive_enums, reason = "programs or people read it")]
pub enum LogFormat {
    /// One JSON object per line
    Json,
    /// For people
    Text,
}

/// Initializes logging of the events of this crate and of the program with this crate name. Events of
/// libraries are excluded, since they can contain bytes of requests. Call this once.
pub fn start_log(name: &str, format: LogFormat, level: LevelFilter) {
    let own = Targets::new().with_targets([(name, level), (env!("CARGO_CRATE_NAME"), level)]);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => {
            Box::new(fmt::layer().json().flatten_event(true).with_writer(io::stderr))
        }
        LogFormat::Text => Box::new(fmt::layer().with_ansi(false).with_writer(io::stderr)),
    };
    tracing_subscriber::registry().with(lines.with_filter(own)).init();
    std::panic::set_hook(Box::new(log_panic));
}

/// Logs the location of a panic but not its message, which can contain a value of a Job.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(tracing::field::display);
    tracing::error!(location, "panic: a bug in this program; the request gets 500");
}
