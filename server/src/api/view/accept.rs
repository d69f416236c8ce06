//! The header `Accept`, as an API server
//! [negotiates](https://github.com/kubernetes/apiserver/blob/master/pkg/endpoints/handlers/negotiation/negotiate.go)
//! it.

/// A media type in which answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    Json,
    Yaml,
}

/// What is asked for. Which parameters are understood depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Jobs,
    /// Lists of groups, in which all of their resources are.
    AggregatedDiscovery,
    /// A document of one form, such as a Status.
    Plain,
}

/// What a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accepted<'h> {
    pub(crate) media_type: MediaType,
    /// The parameter `pretty=1`.
    pub(crate) is_pretty: bool,
    /// What the object is to be converted to; empty if it is not.
    pub(crate) target: Target<'h>,
}

/// A group, version and kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target<'h> {
    pub(crate) group: &'h str,
    pub(crate) version: &'h str,
    pub(crate) kind: &'h str,
}

/// One of the ranges of the header.
#[derive(Clone, Debug)]
struct Range<'h> {
    main: &'h str,
    sub: &'h str,
    quality: f64,
    parameters: Vec<(&'h str, &'h str)>,
}

impl<'h> Accepted<'h> {
    /// The first range of the header that the endpoint can serve. `None` if there is no such range.
    pub(crate) fn new(header: &'h str, endpoint: Endpoint) -> Option<Self> {
        const JSON: Accepted<'static> = Accepted {
            media_type: MediaType::Json,
            is_pretty: false,
            target: Target { group: "", version: "", kind: "" },
        };
        if header.is_empty() {
            return Some(JSON);
        }
        sorted(ranges(header)).iter().find_map(|range| {
            [("json", MediaType::Json), ("yaml", MediaType::Yaml)]
                .into_iter()
                .filter(|(sub, _)| range.includes(sub))
                .find_map(|(_, media_type)| range.accept(media_type, endpoint))
        })
    }
}

/// Whether a range includes JSON. Parameters do not matter.
pub(crate) fn accepts_json(header: &str) -> bool {
    let is_json = |range: &Range<'_>| {
        matches!(range.main, "application" | "*") && matches!(range.sub, "json" | "*")
    };
    header.is_empty() || ranges(header).iter().any(is_json)
}

impl Target<'_> {
    pub(crate) fn is_empty(self) -> bool {
        self == Self::default()
    }

    fn is_allowed(self, endpoint: Endpoint) -> bool {
        let Self { group, version, kind } = self;
        match endpoint {
            Endpoint::Plain => self.is_empty(),
            Endpoint::AggregatedDiscovery => {
                (group, version, kind) == ("apidiscovery.k8s.io", "v2", "APIGroupDiscoveryList")
            }
            Endpoint::Jobs => {
                let is_meta = group == "meta.k8s.io" && matches!(version, "v1" | "v1beta1");
                let kinds = ["Table", "PartialObjectMetadata", "PartialObjectMetadataList"];
                self.is_empty() || is_meta && kinds.contains(&kind)
            }
        }
    }
}

impl<'h> Range<'h> {
    fn includes(&self, sub: &str) -> bool {
        match (self.main, self.sub) {
            ("*" | "application", "*") => true,
            (main, own) => main == "application" && own == sub,
        }
    }

    fn accept(&self, media_type: MediaType, endpoint: Endpoint) -> Option<Accepted<'h>> {
        let mut target = Target::default();
        let mut has_target = false;
        let mut is_pretty = false;
        for (key, value) in &self.parameters {
            match *key {
                "as" => target.kind = value,
                "g" => target.group = value,
                "v" => target.version = value,
                "pretty" => is_pretty = *value == "1",
                "stream"
                    if !matches!((media_type, *value), (_, "") | (MediaType::Json, "watch")) =>
                {
                    return None;
                }
                "sv" if !matches!((endpoint, *value), (_, "") | (Endpoint::Jobs, "v1")) => {
                    return None;
                }
                _ => {}
            }
            has_target |= matches!(*key, "as" | "g" | "v");
        }
        let is_allowed = target.is_allowed(endpoint) && has_target != target.is_empty();
        is_allowed.then_some(Accepted { media_type, is_pretty, target })
    }
}

/// The ranges in the order of the header, as
/// [goautoneg](https://github.com/munnerz/goautoneg/blob/master/autoneg.go) reads them.
fn ranges(header: &str) -> Vec<Range<'_>> {
    header.split(',').filter_map(range).collect()
}

fn range(text: &str) -> Option<Range<'_>> {
    let (media_type, parameters) = split(trim(text), ';');
    let (main, sub) = match split(media_type, '/') {
        (main, "") if trim(main) == "*" => ("*", "*"),
        (_, "") => return None,
        (main, sub) => {
            let (sub, "") = split(sub, '/') else { return None };
            (trim(main), trim(sub))
        }
    };
    let mut range = Range { main, sub, quality: 1.0, parameters: Vec::new() };
    for parameter in parameters.split(';') {
        let (key, value) = split(parameter, '=');
        let (value, "") = split(value, '=') else { continue };
        match trim(key) {
            _ if value.is_empty() => {}
            // Go parses a number or takes 0.
            "q" => range.quality = value.parse().unwrap_or(0.0),
            key => {
                range.parameters.retain(|(other, _)| *other != key);
                range.parameters.push((key, trim(value)));
            }
        }
    }
    Some(range)
}

/// The ranges in the order in which they are tried. Of two ranges, one can be before the other and that
/// before the first, so the result depends on the algorithm: Go sorts so few by insertion.
fn sorted(mut ranges: Vec<Range<'_>>) -> Vec<Range<'_>> {
    for end in 1..ranges.len() {
        let is_before = |pair: &[Range<'_>]| {
            let [a, b] = pair else { return false };
            b.quality > a.quality || b.main != "*" && a.main == "*" || b.sub != "*" && a.sub == "*"
        };
        let mut at = end;
        while at > 0 && ranges.get(at - 1..=at).is_some_and(is_before) {
            ranges.swap(at - 1, at);
            at -= 1;
        }
    }
    ranges
}

fn split(text: &str, at: char) -> (&str, &str) {
    text.split_once(at).unwrap_or((text, ""))
}

fn trim(text: &str) -> &str {
    text.trim_matches(' ')
}
