//! WATCH: the writes, as they happen.

use std::sync::Arc;
use std::time::Duration;
use std::vec;

use axum::body::Body;
use axum::http::Response;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use volcano_job_apiserver::status_body;
use volcano_job_update::resource::{API_VERSION, KIND};
use volcano_job_update::status::{CauseType, Status, StatusCause};
use volcano_job_update_programs::serve::Counted;

use super::failure::Failure;
use super::http::json;
use super::list::{MATCH, integer, refuse_if_any, resource_version, unsupported_match};
use super::selectors::Selector;
use super::state::Api;
use super::view::{INITIAL_EVENTS_END, PIECE_BYTES, View};
use crate::query::Query;
use crate::store::{self, Event, Expired, Key, StoredJob, Watcher};

/// How long a watch lasts if the client does not say, at least; at most twice as long.
const MIN_SECONDS: u64 = 1800;

/// The longest time for which a client can ask.
const MAX_SECONDS: u64 = 366 * 24 * 3600;

/// How often a client that asked for it learns how far its watch is.
const BOOKMARK_INTERVAL: Duration = Duration::from_secs(60);

/// A watch, between two pieces of its answer.
struct Watch {
    watcher: Watcher,
    filter: Filter,
    /// The Jobs that were there at the start, and their end.
    initial: Option<Initial>,
    wants_bookmarks: bool,
    next_bookmark: Instant,
    end: Instant,
    is_over: bool,
    all_end: watch::Receiver<bool>,
    _watching: Counted,
}

/// The Jobs that were there at the start. They are written as the client reads them.
struct Initial {
    jobs: vec::IntoIter<(Key, StoredJob)>,
    version: u64,
    /// Whether a bookmark follows them.
    marks_end: bool,
}

/// Which Jobs are shown, and how.
struct Filter {
    namespace: Option<Arc<str>>,
    selector: Selector,
    view: View,
    self_links: bool,
    /// Whether an event could not be shown, so that there is nothing behind it.
    is_over: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Added,
    Modified,
    Deleted,
}

impl Api {
    pub(super) async fn watch(
        &self,
        namespace: Option<&str>,
        query: &Query<'_>,
        view: View,
    ) -> Result<Response<Body>, Failure> {
        check_options(query)?;
        let timeout = timeout(query)?;
        let selector = Selector::of_query(query)?;
        let view = view.for_watch()?;
        let self_links = self.settings().options.self_links;
        let filter = Filter {
            namespace: namespace.map(Into::into),
            selector,
            view,
            self_links,
            is_over: false,
        };
        let wants_bookmarks = query.is_set("allowWatchBookmarks");
        let asked = resource_version(query)?;
        let sends_initial = query.is_set("sendInitialEvents");
        if sends_initial {
            self.check_not_older(query).await?;
        }
        // Without a resourceVersion, a watch begins with the Jobs that are there, unless it is told not to.
        let begins_now = asked.is_none() && query.has("sendInitialEvents") && !sends_initial;
        let (since, initial) = if begins_now {
            (self.store.last_version(0).await?, None)
        } else if sends_initial || asked.is_none() {
            let query = store::Query { namespace: filter.namespace.clone(), ..Default::default() };
            let page = self.store.list(&query).await?;
            let marks_end = sends_initial && wants_bookmarks;
            let (jobs, version) = (page.jobs.into_iter(), page.version);
            (version, Some(Initial { jobs, version, marks_end }))
        } else {
            (asked.unwrap_or_default(), None)
        };
        let watcher = match self.store.history().watch(since) {
            Ok(watcher) => watcher,
            Err(expired) => return Ok(json(200, error_line(expired))),
        };
        let now = Instant::now();
        let watch = Watch {
            watcher,
            filter,
            initial,
            wants_bookmarks,
            next_bookmark: now + BOOKMARK_INTERVAL,
            end: now + timeout,
            is_over: false,
            all_end: self.watches_end.subscribe(),
            _watching: self.metrics.watching(),
        };
        let pieces = stream::unfold(watch, async |mut watch| {
            let piece = watch.next().await?;
            Some((Ok::<_, std::convert::Infallible>(piece), watch))
        });
        Ok(json(200, Body::from_stream(pieces)))
    }
}

/// [`ValidateListOptions`] for a watch.
///
/// [`ValidateListOptions`]: https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/internalversion/validation/validation.go
fn check_options(query: &Query<'_>) -> Result<(), Status> {
    // A watch that begins with the Jobs that are there asks for initial events, in the words of before.
    let version = query.get("resourceVersion");
    let is_legacy = matches!(version, "" | "0")
        && query.get(MATCH).is_empty()
        && !query.has("sendInitialEvents");
    let (matching, has_initial) = if is_legacy {
        ("NotOlderThan", true)
    } else {
        (query.get(MATCH), query.has("sendInitialEvents"))
    };
    let forbidden = |why: &str| StatusCause::new(CauseType::Forbidden, MATCH, why);
    let mut causes = Vec::new();
    if has_initial && matching != "NotOlderThan" {
        let why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan";
        causes.push(forbidden(why));
    }
    if !matching.is_empty() {
        if !has_initial {
            let why =
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            causes.push(forbidden(why));
        }
        if matching != "NotOlderThan" {
            causes.push(unsupported_match(matching, &["NotOlderThan"]));
        }
        if query.has("continue") {
            causes.push(forbidden("resourceVersionMatch is forbidden when continue is provided"));
        }
    }
    refuse_if_any(causes)
}

fn timeout(query: &Query<'_>) -> Result<Duration, Status> {
    let asked = integer(query, "timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok());
    Ok(match asked.filter(|seconds| *seconds > 0) {
        Some(seconds) => Duration::from_secs(seconds.min(MAX_SECONDS)),
        // Clients that began at the same time do not all come back at the same time.
        None => Duration::from_secs(rand::random_range(MIN_SECONDS..2 * MIN_SECONDS)),
    })
}

impl Watch {
    /// The next piece of the answer; `None` at its end.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(piece) = self.next_initial() {
            return Some(piece);
        }
        while !self.is_over && !self.filter.is_over {
            tokio::select! {
                events = self.watcher.next() => {
                    let piece = self.piece(&events);
                    if !piece.is_empty() {
                        return Some(piece);
                    }
                }
                () = sleep_until(self.next_bookmark), if self.wants_bookmarks => {
                    self.next_bookmark = Instant::now() + BOOKMARK_INTERVAL;
                    return Some(self.bookmark());
                }
                () = ends(&mut self.all_end, self.end) => {
                    self.is_over = true;
                    if self.wants_bookmarks {
                        return Some(self.bookmark());
                    }
                }
            }
        }
        None
    }

    /// The next piece of the Jobs that were there at the start; `None` at their end.
    fn next_initial(&mut self) -> Option<Bytes> {
        let initial = self.initial.as_mut()?;
        let mut text = String::new();
        for (key, job) in initial.jobs.by_ref() {
            if self.filter.shows(&key, &job) {
                self.filter.write_line(Kind::Added, (&key, &job), &mut text);
            }
            if text.len() >= PIECE_BYTES {
                return Some(text.into());
            }
        }
        if initial.marks_end {
            self.filter.write_bookmark(initial.version, true, &mut text);
        }
        self.initial = None;
        Some(text.into()).filter(|piece: &Bytes| !piece.is_empty())
    }

    fn bookmark(&mut self) -> Bytes {
        let mut line = String::new();
        self.filter.write_bookmark(self.watcher.version(), false, &mut line);
        line.into()
    }

    fn piece(&mut self, events: &Result<Vec<Arc<Event>>, Expired>) -> Bytes {
        match events {
            Ok(events) => self.filter.piece(events),
            Err(expired) => {
                self.is_over = true;
                error_line(*expired).into()
            }
        }
    }
}

/// Completes when the time of a watch is over, or the server is about to stop.
async fn ends(all_end: &mut watch::Receiver<bool>, end: Instant) {
    // An error means that the server is gone.
    let all = async { drop(all_end.wait_for(|ends| *ends).await) };
    tokio::select! {
        () = all => {}
        () = sleep_until(end) => {}
    }
}

impl Filter {
    fn piece(&mut self, events: &[Arc<Event>]) -> Bytes {
        let is_plain = self.selector.is_everything() && self.view.is_plain() && !self.self_links;
        match events {
            [event] if is_plain && self.is_of_namespace(&event.key) => plain_line(event),
            events => {
                let mut piece = String::new();
                for event in events {
                    self.write(event, &mut piece);
                }
                piece.into()
            }
        }
    }

    fn is_of_namespace(&self, key: &Key) -> bool {
        self.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace)
    }

    /// A Job that is no longer selected is deleted, for the client.
    fn write(&mut self, event: &Event, text: &mut String) {
        let shown = |job: &Option<StoredJob>| {
            job.as_ref().filter(|job| self.shows(&event.key, job)).cloned()
        };
        match (shown(&event.before), shown(&event.after)) {
            (None, None) => {}
            (None, Some(after)) => self.write_line(Kind::Added, (&event.key, &after), text),
            (Some(_), Some(after)) => self.write_line(Kind::Modified, (&event.key, &after), text),
            (Some(before), None) => {
                let deleted = before.at_version(event.version);
                self.write_line(Kind::Deleted, (&event.key, &deleted), text);
            }
        }
    }

    fn write_line(&mut self, kind: Kind, (key, job): (&Key, &StoredJob), text: &mut String) {
        let json = if self.self_links { job.with_self_link(key).to_json() } else { job.to_json() };
        self.write_object(kind.front(), &json, text);
    }

    fn write_bookmark(&mut self, version: u64, ends_initial: bool, text: &mut String) {
        let front = r#"{"type":"BOOKMARK","object":"#;
        self.write_object(front, &bookmark(version, ends_initial), text);
    }

    fn write_object(&mut self, front: &str, job: &str, text: &mut String) {
        let object = if self.is_over { None } else { self.view.event(job) };
        match object {
            Some(object) => text.extend([front, &object, "}\n"]),
            None => self.is_over = true,
        }
    }

    fn shows(&self, key: &Key, job: &StoredJob) -> bool {
        self.is_of_namespace(key) && self.selector.matches(key, job)
    }
}

impl Kind {
    fn front(self) -> &'static str {
        match self {
            Self::Added => r#"{"type":"ADDED","object":"#,
            Self::Modified => r#"{"type":"MODIFIED","object":"#,
            Self::Deleted => r#"{"type":"DELETED","object":"#,
        }
    }
}

/// The line of an event for those who see the whole Job. It is written once for all of them.
fn plain_line(event: &Event) -> Bytes {
    let line = event.line.get_or_init(|| {
        let (kind, job) = match (&event.before, &event.after) {
            (None, Some(after)) => (Kind::Added, after.clone()),
            (_, Some(after)) => (Kind::Modified, after.clone()),
            (Some(before), None) => (Kind::Deleted, before.at_version(event.version)),
            (None, None) => return Bytes::new(),
        };
        let mut line = kind.front().to_owned();
        job.write_json(&mut line);
        line.push_str("}\n");
        line.into()
    });
    line.clone()
}

/// The object of a bookmark.
fn bookmark(version: u64, ends_initial: bool) -> String {
    let annotations = if ends_initial {
        format!(r#""annotations":{{"{INITIAL_EVENTS_END}":"true"}},"#)
    } else {
        String::new()
    };
    format!(
        r#"{{"apiVersion":"{API_VERSION}","kind":"{KIND}","metadata":{{{annotations}"resourceVersion":"{version}"}}}}"#
    )
}

fn error_line(expired: Expired) -> String {
    let status = status_body(&Status::expired(expired.to_string()), false);
    format!(r#"{{"type":"ERROR","object":{}}}"#, status.trim_end()) + "\n"
}
