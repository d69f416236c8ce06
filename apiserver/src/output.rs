//! The Job that is stored and answered, as text.

use std::borrow::Cow;

use crate::body::Sent;
use crate::content::{Content, Piece, Spec};
use crate::go;
use crate::meta::Metadata;

/// The Job as it is stored: compact, every key in its place.
pub(crate) fn write(
    out: &mut String,
    sent: &Sent,
    content: &Content<'_>,
    status: Option<&Piece<'_>>,
) {
    let mut fields: Vec<(&str, Part<'_>)> = vec![
        ("apiVersion", Part::Text(&sent.api_version)),
        ("kind", Part::Text(&sent.kind)),
        ("metadata", Part::Metadata(&sent.metadata)),
    ];
    fields.extend(content.spec.as_ref().map(|spec| ("spec", Part::Spec(spec))));
    fields.extend(status.map(|status| ("status", Part::Piece(status))));
    fields.extend(content.others.iter().map(|(key, piece)| (&**key, Part::Piece(piece))));
    fields.sort_unstable_by_key(|(key, _)| *key);
    for (position, (key, part)) in fields.iter().enumerate() {
        out.push(if position == 0 { '{' } else { ',' });
        go::write_string(out, key);
        out.push(':');
        part.write(out);
    }
    out.push('}');
}

/// What stands under a key of the Job.
enum Part<'p> {
    Text(&'p str),
    Metadata(&'p Metadata),
    Spec(&'p [(Cow<'p, str>, Spec<'p>)]),
    Piece(&'p Piece<'p>),
}

impl Part<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => go::write_string(out, text),
            Self::Metadata(metadata) => go::write_map(out, metadata),
            Self::Piece(piece) => piece.write(out),
            Self::Spec(fields) => {
                out.push('{');
                for (position, (key, field)) in fields.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    go::write_string(out, key);
                    out.push(':');
                    match field {
                        Spec::Field(piece) => piece.write(out),
                        Spec::Tasks(tasks) => write_tasks(out, tasks),
                    }
                }
                out.push('}');
            }
        }
    }
}

fn write_tasks(out: &mut String, tasks: &[Piece<'_>]) {
    out.push('[');
    for (position, task) in tasks.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        task.write(out);
    }
    out.push(']');
}
