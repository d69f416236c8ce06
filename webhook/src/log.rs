//! The log, on standard error.

use std::io;
use std::panic::PanicHookInfo;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::args::LogFormat;

/// Has what this program says written; what its libraries say may have bytes of requests in it.
pub(crate) fn start(format: LogFormat, level: LevelFilter) {
    let own = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => {
            Box::new(fmt::layer().json().flatten_event(true).with_writer(io::stderr))
        }
        LogFormat::Text => Box::new(fmt::layer().with_ansi(false).with_writer(io::stderr)),
    };
    init(tracing_subscriber::registry().with(lines.with_filter(own)));
    std::panic::set_hook(Box::new(log_panic));
}

/// Where it was, and not what was said: that may have a value in it.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, "a error of this program; the request gets 500");
}

fn init(subscriber: impl Subscriber + Send + Sync) {
    // Fails only if there is one already.
    drop(subscriber.try_init());
}
