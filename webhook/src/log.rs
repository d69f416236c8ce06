//! The log, on standard error.

use std::io;

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
}

fn init(subscriber: impl Subscriber + Send + Sync) {
    // Fails only if there is one already.
    drop(subscriber.try_init());
}
