//! Label selectors and field selectors.

mod fields;
mod labels;

use volcano_job_update::status::Status;

use self::fields::FieldSelector;
use self::labels::LabelSelector;
use crate::query::Query;
use crate::store::{Key, StoredJob};

/// Which Jobs a request asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Selector {
    /// Reads the parameters `labelSelector` and `fieldSelector`.
    ///
    /// # Errors
    ///
    /// 400: one of them is malformed, or selects by a field that a Job cannot be selected by.
    pub(crate) fn of_query(query: &Query<'_>) -> Result<Self, Status> {
        let labels = LabelSelector::parse(query.get("labelSelector"));
        let fields = labels.and_then(|labels| {
            Ok(Self { labels, fields: FieldSelector::parse(query.get("fieldSelector"))? })
        });
        let selector = fields.map_err(Status::bad_request)?;
        selector.fields.check().map_err(Status::bad_request)?;
        Ok(selector)
    }

    /// Whether it selects all Jobs.
    pub(crate) fn is_everything(&self) -> bool {
        self.labels.is_everything() && self.fields.is_everything()
    }

    pub(crate) fn matches(&self, key: &Key, job: &StoredJob) -> bool {
        self.fields.matches(key) && (self.labels.is_everything() || self.labels.matches(job.text()))
    }
}
