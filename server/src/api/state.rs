//! What all requests share.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tokio::sync::watch;
use volcano_job_update::Validator;
use volcano_job_update::status::StatusCodes;

use super::openapi::OpenApi;
use crate::access::Gate;
use crate::metrics::Metrics;
use crate::store::{Key, Store, StoredJob};

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) metrics: Arc<Metrics>,
    settings: RwLock<Arc<Settings>>,
    /// Whether the server is about to stop.
    pub(crate) draining: AtomicBool,
    /// Whether the watches end.
    pub(crate) watches_end: watch::Sender<bool>,
    pub(crate) gate: Gate,
}

/// How requests are answered.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) options: Options,
    openapi: OnceLock<OpenApi>,
}

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) validator: Validator,
    pub(crate) status_codes: StatusCodes,
    /// Whether a PUT of a Job that does not exist creates it.
    pub(crate) puts_create: bool,
    /// Whether Volcano's webhooks are asked when a Job is created.
    pub(crate) asks_volcano: bool,
    /// Whether answers have `metadata.selfLink`.
    pub(crate) self_links: bool,
}

impl Api {
    pub(crate) fn new(store: Arc<dyn Store>, options: Options, gate: Gate) -> Self {
        Self {
            store,
            metrics: Arc::new(Metrics::new()),
            settings: RwLock::new(Settings::new(options)),
            draining: AtomicBool::new(false),
            watches_end: watch::Sender::new(false),
            gate,
        }
    }

    pub(crate) fn settings(&self) -> Arc<Settings> {
        Arc::clone(&self.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A Job as answers show it.
    pub(crate) fn shown(&self, key: &Key, job: StoredJob) -> StoredJob {
        if self.settings().options.self_links { job.with_self_link(key) } else { job }
    }

    /// Judges the updates that arrive from now on with another policy or schema.
    pub(crate) fn use_validator(&self, validator: Validator) {
        let options = Options { validator, ..self.settings().options.clone() };
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Settings::new(options);
    }
}

impl Settings {
    fn new(options: Options) -> Arc<Self> {
        Arc::new(Self { options, openapi: OnceLock::new() })
    }

    /// The documents of the schema, which are made once.
    pub(crate) fn openapi(&self) -> &OpenApi {
        self.openapi.get_or_init(|| OpenApi::new(&self.options.validator))
    }
}
