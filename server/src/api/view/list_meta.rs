//! The metadata of a list.

use serde_json::Value;

/// The metadata of a list.
#[derive(Debug, Default)]
pub(crate) struct ListMeta {
    pub(crate) version: u64,
    /// The token for the next page; empty at the end.
    pub(crate) next: String,
    pub(crate) remaining: Option<usize>,
}

impl ListMeta {
    /// The fields as in a list of Jobs.
    pub(super) fn to_json(&self) -> String {
        let next = Value::from(&*self.next);
        let remaining = self.remaining.map(|count| format!(r#""remainingItemCount":{count},"#));
        let remaining = remaining.unwrap_or_default();
        format!(r#"{{"continue":{next},{remaining}"resourceVersion":"{}"}}"#, self.version)
    }

    /// The fields as in the Go struct `ListMeta`.
    pub(super) fn members(&self) -> String {
        let mut members = format!(r#""resourceVersion":"{}""#, self.version);
        if !self.next.is_empty() {
            members.extend([r#","continue":"#, &Value::from(&*self.next).to_string()]);
        }
        if let Some(remaining) = self.remaining {
            members.extend([r#","remainingItemCount":"#, &remaining.to_string()]);
        }
        members
    }
}
