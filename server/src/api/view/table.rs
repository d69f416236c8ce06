//! The kind [Table](https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables),
//! with the columns of Volcano's CRD.

use std::borrow::Cow;

use volcano_job_apiserver::internals::write_string;
use volcano_job_apiserver::jiff::Timestamp;
use volcano_job_update::internals::quote;
use volcano_job_update::status::Status;

use super::list::Frame;
use super::metadata::partial;
use crate::api::members::{member_at, members, text};
use crate::query::Query;

/// The annotation of the bookmark behind the Jobs that were there at the start of a watch.
pub(crate) const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// What of a Job is in its row, beside the cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Include {
    Nothing,
    Metadata,
    Job,
}

impl Include {
    /// The parameter `includeObject`.
    ///
    /// # Errors
    ///
    /// 400: it has none of the values.
    pub(super) fn of_query(query: &Query<'_>) -> Result<Self, Status> {
        match query.get("includeObject") {
            "None" => Ok(Self::Nothing),
            "" | "Metadata" => Ok(Self::Metadata),
            "Object" => Ok(Self::Job),
            other => {
                let other = quote(other);
                Err(Status::bad_request(format!(
                    "Unable to convert to Table as requested: includeObject: Invalid value: {other}: must \
                     be 'Metadata', 'Object', 'None', or empty"
                )))
            }
        }
    }
}

/// One of the
/// [`additionalPrinterColumns`](https://github.com/volcano-sh/volcano/blob/master/config/crd/volcano/bases/batch.volcano.sh_jobs.yaml).
struct Column {
    name: &'static str,
    kind: Kind,
    path: &'static [&'static str],
    /// Above 0, it is shown with `-o wide` only.
    priority: u8,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Text,
    Integer,
    Date,
}

const COLUMNS: &[Column] = &[
    Column { name: "STATUS", kind: Kind::Text, path: &["status", "state", "phase"], priority: 0 },
    Column {
        name: "minAvailable",
        kind: Kind::Integer,
        path: &["status", "minAvailable"],
        priority: 0,
    },
    Column { name: "RUNNINGS", kind: Kind::Integer, path: &["status", "running"], priority: 0 },
    Column { name: "AGE", kind: Kind::Date, path: &["metadata", "creationTimestamp"], priority: 0 },
    Column { name: "QUEUE", kind: Kind::Text, path: &["spec", "queue"], priority: 1 },
];

/// What an API server says about the column of the name.
const NAME: &str = concat!(
    r#"{"name":"Name","type":"string","format":"name","description":"Name must be unique within a namespace. "#,
    "Is required when creating resources, although some resources may allow a client to request the generation ",
    "of an appropriate name automatically. Name is primarily intended for creation idempotence and ",
    "configuration definition. Cannot be updated. More info: ",
    r#"https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names","priority":0}"#
);

/// How a table is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TableForm {
    /// The version of `meta.k8s.io`.
    pub(super) version: &'static str,
    pub(super) include: Include,
    /// Of the tables of a watch, only the first one has the definitions of the columns.
    pub(super) has_columns: bool,
}

impl TableForm {
    /// The table of one Job.
    pub(super) fn of_job(self, job: &str) -> String {
        let resource_version = member_at(job, &["metadata", "resourceVersion"]);
        let metadata = resource_version.map(|version| format!(r#""resourceVersion":{version}"#));
        let rows = format!("[{}]", self.row(job));
        self.frame(&metadata.unwrap_or_default()).around(&rows)
    }

    /// A table without its rows.
    pub(super) fn frame(self, metadata: &str) -> Frame {
        let version = self.version;
        let columns = if self.has_columns { columns() } else { "null".into() };
        let front = format!(
            r#"{{"kind":"Table","apiVersion":"meta.k8s.io/{version}","metadata":{{{metadata}}},"columnDefinitions":{columns},"rows":"#
        );
        Frame { front, back: "}".into() }
    }

    /// The row of a Job.
    pub(super) fn row(self, job: &str) -> String {
        // The whole Job is read once, and the fields with the columns once more.
        let fields = Fields(members(job));
        let name = fields.at(&["metadata", "name"]).unwrap_or(r#""""#);
        let cells = COLUMNS.iter().map(|column| column.cell(&fields));
        let cells: Vec<_> = std::iter::once(name.to_owned()).chain(cells).collect();
        let cells = cells.join(",");
        let object = match self.include {
            Include::Job => job.to_owned(),
            Include::Metadata => partial(job, self.version),
            // A client looks for this annotation, whatever it wants to see.
            Include::Nothing if ends_initial(job) => partial(job, self.version),
            Include::Nothing => "null".to_owned(),
        };
        format!(r#"{{"cells":[{cells}],"object":{object}}}"#)
    }
}

/// The fields of a Job.
struct Fields<'j>(Vec<(Cow<'j, str>, &'j str)>);

impl<'j> Fields<'j> {
    fn at(&self, path: &[&str]) -> Option<&'j str> {
        let (first, rest) = path.split_first()?;
        let (_, value) = self.0.iter().find(|(key, _)| key == first)?;
        member_at(value, rest)
    }
}

fn ends_initial(job: &str) -> bool {
    member_at(job, &["metadata", "annotations", INITIAL_EVENTS_END]).is_some()
}

fn columns() -> String {
    let definitions = COLUMNS.iter().map(|Column { name, kind, path, priority }| {
        let kind = kind.name();
        let path = path.join(".");
        format!(
            r#"{{"name":"{name}","type":"{kind}","format":"","description":"Custom resource definition column (in JSONPath format): .{path}","priority":{priority}}}"#
        )
    });
    let definitions: Vec<_> = std::iter::once(NAME.to_owned()).chain(definitions).collect();
    format!("[{}]", definitions.join(","))
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Integer => "integer",
            Self::Date => "date",
        }
    }
}

impl Column {
    /// The value of the column in JSON.
    fn cell(&self, fields: &Fields<'_>) -> String {
        let value = fields.at(self.path).filter(|value| *value != "null");
        let cell = value.and_then(|value| match self.kind {
            Kind::Text => Some(text(value).map_or_else(|| quoted(value), |text| quoted(&text))),
            Kind::Integer => integer(value),
            Kind::Date => Some(quoted(&age(&text(value)?, Timestamp::now()))),
        });
        cell.unwrap_or_else(|| "null".into())
    }
}

fn quoted(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    write_string(&mut json, text);
    json
}

/// A number as an integer. Go drops the fraction of one that has any.
fn integer(number: &str) -> Option<String> {
    if let Ok(integer) = number.parse::<i64>() {
        return Some(integer.to_string());
    }
    let double: f64 = number.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "Go converts it in the same way")]
    let integer = double as i64;
    Some(integer.to_string())
}

/// How long ago a time was, as
/// [HumanDuration](https://github.com/kubernetes/apimachinery/blob/master/pkg/util/duration/duration.go) says it.
fn age(time: &str, now: Timestamp) -> String {
    match time.parse::<Timestamp>() {
        Ok(time) => human_duration(now.duration_since(time).as_secs()),
        Err(_) if time.is_empty() => "<unknown>".into(),
        Err(_) => "<invalid>".into(),
    }
}

fn human_duration(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    // Clocks may differ by a second.
    let with_rest = |count: i64, unit: char, rest: i64, unit_of_rest: char| match rest {
        0 => format!("{count}{unit}"),
        rest => format!("{count}{unit}{rest}{unit_of_rest}"),
    };
    match seconds {
        ..-1 => "<invalid>".into(),
        -1 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => with_rest(seconds / MINUTE, 'm', seconds % MINUTE, 's'),
        600..10_800 => format!("{}m", seconds / MINUTE),
        10_800..28_800 => with_rest(seconds / HOUR, 'h', seconds % HOUR / MINUTE, 'm'),
        28_800..172_800 => format!("{}h", seconds / HOUR),
        172_800..691_200 => with_rest(seconds / DAY, 'd', seconds % DAY / HOUR, 'h'),
        691_200..63_072_000 => format!("{}d", seconds / DAY),
        63_072_000..252_288_000 => with_rest(seconds / YEAR, 'y', seconds % YEAR / DAY, 'd'),
        _ => format!("{}y", seconds / YEAR),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with k8s.io/apimachinery/pkg/util/duration v0.36.3.
    #[test]
    fn ages_are_those_of_kubernetes() {
        let table = include_str!("../../../tests/data/durations.txt");
        for line in table.lines() {
            let (seconds, text) = line.split_once(' ').unwrap();
            assert_eq!(human_duration(seconds.parse().unwrap()), text, "{seconds}");
        }
        assert!(table.lines().count() > 100);
    }

    #[test]
    fn numbers_are_integers() {
        for (number, expected) in
            [("2", "2"), ("2.0", "2"), ("2.9", "2"), ("-2.9", "-2"), ("1e3", "1000")]
        {
            assert_eq!(integer(number).as_deref(), Some(expected));
        }
        assert_eq!(integer("\"2\""), None);
    }
}
