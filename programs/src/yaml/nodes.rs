//! The documents of a text as trees of nodes, before scalars are resolved.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span, StrInput, Tag};

use super::error::YamlError;

/// The limit for nested maps and lists. It is higher than that of a Job ([`Limits::nesting`]), so
/// that a Job beyond its limit gets the error of reading a Job.
///
/// [`Limits::nesting`]: volcano_job_update::Limits::nesting
const MAX_DEPTH: usize = 256;

/// The nodes of one document. Every node is in front of those below it.
#[derive(Debug)]
pub(super) struct Document<'t> {
    /// The whole text, with the other documents.
    text: &'t str,
    /// Where the document begins: at its `---`, or at its first value.
    start: usize,
    nodes: Vec<Node>,
}

/// A node of a document, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(usize);

#[derive(Debug)]
pub(super) struct Node {
    /// Where it is in the text, with its tag, its quotes or brackets and the `|` or `>` of a block
    /// scalar, but without its anchor and the white space around it. Empty if nothing is written.
    pub(super) range: Range<usize>,
    /// The whole tag, such as `tag:yaml.org,2002:str`; `None` if there is none, or `!`.
    pub(super) tag: Option<String>,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    Scalar {
        text: String,
        /// Whether the text decides about the type: it is not in quotes, and has no tag.
        is_plain: bool,
    },
    List(Vec<Id>),
    /// The keys and values, in order.
    Map(Vec<(Id, Id)>),
    Alias(Id),
}

impl<'t> Document<'t> {
    /// The outermost node; the root of an empty document is `null`.
    pub(super) const ROOT: Id = Id(0);

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The nodes without the text, for looking up places.
    pub(super) fn without_text(self) -> Document<'static> {
        Document { text: "", start: self.start, nodes: self.nodes }
    }

    /// Where the document is in the text.
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.node(Self::ROOT).range.end.max(self.start)
    }

    #[expect(clippy::expect_used, reason = "a document makes the numbers of its nodes")]
    pub(super) fn node(&self, Id(number): Id) -> &Node {
        self.nodes.get(number).expect("a node of this document")
    }

    /// The ranges of the scalars without quotes and tags, in order.
    pub(super) fn plain_scalars(&self) -> impl Iterator<Item = Range<usize>> {
        let is_plain =
            |node: &&Node| matches!(node.content, Content::Scalar { is_plain: true, .. });
        self.nodes.iter().filter(is_plain).map(|node| node.range.clone())
    }

    /// The ranges of the scalars and aliases that have a part of this range, in order.
    pub(super) fn scalars(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let start = self.nodes.partition_point(|node| node.range.start < range.start);
        // A scalar that begins before the range can reach into it.
        let nodes = self.nodes.get(start.saturating_sub(1)..).unwrap_or_default();
        let is_scalar =
            |node: &&Node| matches!(node.content, Content::Scalar { .. } | Content::Alias(_));
        nodes
            .iter()
            .take_while(move |node| node.range.start < range.end)
            .filter(is_scalar)
            .map(|node| node.range.clone())
            .filter(move |scalar| scalar.start.max(range.start) < scalar.end)
    }

    /// The node, or the one that it is an alias of.
    pub(super) fn resolved(&self, id: Id) -> Id {
        match self.node(id).content {
            Content::Alias(target) => target,
            _ => id,
        }
    }

    /// An error at a node.
    pub(super) fn error(&self, id: Id, message: impl fmt::Display) -> YamlError {
        YamlError::at(self.text, self.node(id).range.start, message)
    }
}

/// Reads the documents of a text, one after the other.
pub(super) struct Documents<'t> {
    text: &'t str,
    parser: Parser<'t, StrInput<'t>>,
    max_document_bytes: usize,
    /// Where the current document begins.
    start: usize,
    /// Where the last event ends, and the one before it.
    ends: [usize; 2],
}

impl<'t> Documents<'t> {
    pub(super) fn new(text: &'t str, max_document_bytes: usize) -> Self {
        let mut options = Options::default();
        options.set_emit_comments(false);
        options.bom_inside_document_as_content = true;
        let parser = Parser::new_from_str_with_options(text, options);
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, parser, max_document_bytes, start, ends: [start; 2] }
    }

    /// Where the current document begins.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// The next document. After an error, there is no other.
    pub(super) fn document(&mut self) -> Result<Option<Document<'t>>, YamlError> {
        loop {
            match self.event()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::DocumentStart(_, Some(version)), range))
                    if (version.major, version.minor) != (1, 1) =>
                {
                    return Err(self.error(&range, "kubectl reads only YAML 1.1"));
                }
                Some((Event::DocumentStart(..), range)) => {
                    self.start = range.start;
                    let mut reader =
                        Reader { events: self, nodes: Vec::new(), anchors: HashMap::new() };
                    let first = reader.events.event()?;
                    reader.node(first, 0)?;
                    let nodes = reader.nodes;
                    return Ok(Some(Document { text: self.text, start: self.start, nodes }));
                }
                Some(_) => {}
            }
        }
    }

    /// The next event, and its range with the tag.
    fn event(&mut self) -> Result<Option<(Event<'t>, Range<usize>)>, YamlError> {
        let Some(event) = self.parser.next_event() else { return Ok(None) };
        let (event, span) = event.map_err(|error| {
            let offset = error.marker().byte_offset().unwrap_or(self.text.len());
            YamlError::at(self.text, offset, error.kind())
        })?;
        let range = range_of(&span);
        // The span of an implicit start is that of the first value.
        if !matches!(event, Event::DocumentStart(false, _)) {
            let [last, _] = self.ends;
            self.ends = [range.end.max(last), last];
        }
        Ok(Some((event, range)))
    }

    fn error(&self, range: &Range<usize>, message: impl fmt::Display) -> YamlError {
        YamlError::at(self.text, range.start, message)
    }
}

/// What a text has up to its first error of syntax.
#[derive(Debug, Default)]
pub(crate) struct Syntax {
    /// The ranges of the scalars in quotes and of the block scalars, in order.
    pub(crate) quoted: Vec<Range<usize>>,
    /// Up to where `quoted` is complete. The parser reads a line ahead to see whether it has a key, so an
    /// error can be behind that.
    pub(crate) end: usize,
    /// Where the error is, and what the parser says about it.
    pub(crate) error: Option<(usize, String)>,
}

/// Reads a text that may have an error.
pub(crate) fn read_syntax(text: &str) -> Syntax {
    let mut documents = Documents::new(text, usize::MAX);
    let mut syntax = Syntax::default();
    loop {
        let event = documents.event();
        [syntax.end, _] = documents.ends;
        match event {
            Ok(None) => return syntax,
            Ok(Some((Event::Scalar(_, style, ..), range))) if style != ScalarStyle::Plain => {
                syntax.quoted.push(range);
            }
            Ok(Some(_)) => {}
            Err(error) => {
                let offset = error.offset().unwrap_or(text.len());
                syntax.error = Some((offset, error.message().to_owned()));
                return syntax;
            }
        }
    }
}

struct Reader<'d, 't> {
    events: &'d mut Documents<'t>,
    nodes: Vec<Node>,
    /// The nodes with an anchor, by its number.
    anchors: HashMap<usize, Id>,
}

impl<'t> Reader<'_, 't> {
    /// Reads the node that begins with an event.
    fn node(
        &mut self,
        event: Option<(Event<'t>, Range<usize>)>,
        depth: usize,
    ) -> Result<Id, YamlError> {
        let Some((event, range)) = event else {
            return Err(YamlError::new("the document is not complete"));
        };
        check_depth(self.events.text, depth, range.start)?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = tag.is_none() && style == ScalarStyle::Plain;
                let range = self.scalar_range(range, style);
                let content = Content::Scalar { text: text.into_owned(), is_plain };
                self.push(range, anchor, tag.as_deref(), content)
            }
            Event::SequenceStart(_, anchor, tag) => {
                let is_in_brackets = self.source(&range).ends_with('[');
                let range = self.dash(&range)..range.end;
                let id = self.push(range, anchor, tag.as_deref(), Content::List(Vec::new()))?;
                let mut elements = Vec::new();
                while let Some(event) = self.until(&Event::SequenceEnd)? {
                    elements.push(self.node(Some(event), depth + 1)?);
                }
                let last = elements.last().copied();
                self.set(id, Content::List(elements), last, is_in_brackets)?;
                Ok(id)
            }
            Event::MappingStart(_, anchor, tag) => {
                let is_in_brackets = self.source(&range).ends_with('{');
                let id = self.push(range, anchor, tag.as_deref(), Content::Map(Vec::new()))?;
                let mut members = Vec::new();
                while let Some(event) = self.until(&Event::MappingEnd)? {
                    let key = self.node(Some(event), depth + 1)?;
                    let value = self.events.event()?;
                    let value = self.node(value, depth + 1)?;
                    self.move_behind_colon(value);
                    members.push((key, value));
                }
                let last = members.last().map(|(_, value)| *value);
                self.set(id, Content::Map(members), last, is_in_brackets)?;
                Ok(id)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor).copied() {
                Some(target) => self.push(range, 0, None, Content::Alias(target)),
                None => Err(self.events.error(&range, "unknown anchor")),
            },
            _ => Err(self.events.error(&range, "a value is missing")),
        }
    }

    /// The next event, unless it is the end.
    fn until(&mut self, end: &Event<'_>) -> Result<Option<(Event<'t>, Range<usize>)>, YamlError> {
        let event = self.events.event()?;
        Ok(event.filter(|(event, _)| event != end))
    }

    /// The range of a scalar. The parser gives that of the text of a block scalar without its header,
    /// and the start of the next token for a value that is not written.
    fn scalar_range(&self, range: Range<usize>, style: ScalarStyle) -> Range<usize> {
        let [_, before] = self.events.ends;
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => {
                let header = self.header(before.min(range.end)..range.end);
                let with_header = self.source(&(header..range.end));
                let text = if range.is_empty() {
                    with_header.lines().next().unwrap_or_default()
                } else {
                    with_header
                };
                range.start.min(header)..header + text.trim_end_matches(WHITE_SPACE).len()
            }
            ScalarStyle::Plain if range.is_empty() => {
                let before = before.min(range.start);
                let gap = self.source(&(before..range.start));
                let at = before + gap.trim_end_matches(WHITE_SPACE).len();
                at..at
            }
            _ => range,
        }
    }

    /// Where the `|` or `>` of a block scalar is, between the last event and its text.
    fn header(&self, range: Range<usize>) -> usize {
        self.find_token(&range, |token| token.starts_with(['|', '>'])).unwrap_or(range.end)
    }

    /// Where a list begins. The parser gives the first element, without its dash, for a list that is not
    /// indented more than its key.
    fn dash(&self, list: &Range<usize>) -> usize {
        let [_, before] = self.events.ends;
        let gap = before.min(list.start)..list.start;
        let is_behind_key = self.source(&gap).trim_start_matches(WHITE_SPACE).starts_with(':');
        let dash = if is_behind_key { self.find_token(&gap, |token| token == "-") } else { None };
        dash.unwrap_or(list.start)
    }

    /// Finds a token among indicators, anchors, tags and comments.
    fn find_token(&self, range: &Range<usize>, is_wanted: impl Fn(&str) -> bool) -> Option<usize> {
        let mut rest = self.source(range);
        loop {
            rest = rest.trim_start_matches(WHITE_SPACE);
            let end = if rest.starts_with('#') {
                rest.find(['\r', '\n'])
            } else {
                rest.find(WHITE_SPACE)
            };
            let (token, behind) = rest.split_at(end.unwrap_or(rest.len()));
            if token.is_empty() {
                return None;
            }
            if is_wanted(token) {
                return Some(range.end - rest.len());
            }
            rest = behind;
        }
    }

    /// The value of a member that is not written is behind the colon.
    fn move_behind_colon(&mut self, Id(number): Id) {
        let Some(node) = self.nodes.get_mut(number) else { return };
        let behind = self.events.text.get(node.range.end..).unwrap_or_default();
        if node.range.is_empty()
            && let Some(behind_colon) = behind.trim_start_matches([' ', '\t']).strip_prefix(':')
        {
            let at = self.events.text.len() - behind_colon.len();
            node.range = at..at;
        }
    }

    #[expect(clippy::expect_used, reason = "the parser knows where tokens begin")]
    fn source(&self, range: &Range<usize>) -> &'t str {
        self.events.text.get(range.clone()).expect("whole characters of the text")
    }

    fn push(
        &mut self,
        range: Range<usize>,
        anchor: usize,
        tag: Option<&Tag>,
        content: Content,
    ) -> Result<Id, YamlError> {
        self.check_length(range.end)?;
        let id = Id(self.nodes.len());
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
        let tag = tag.filter(|tag| tag != "!");
        self.nodes.push(Node { range, tag, content });
        Ok(id)
    }

    /// Completes a list or map whose end was just read. `last` is its last element or value.
    #[expect(clippy::expect_used, reason = "the nodes were just added")]
    fn set(
        &mut self,
        Id(number): Id,
        content: Content,
        last: Option<Id>,
        is_in_brackets: bool,
    ) -> Result<(), YamlError> {
        let [end, _] = self.events.ends;
        // The end of others is that of the last thing in them, and the parser's that of what follows.
        let last = last.map(|Id(last)| self.nodes.get(last).expect("a node").range.end);
        let node = self.nodes.get_mut(number).expect("a node");
        node.content = content;
        node.range.end = if is_in_brackets { end } else { last.unwrap_or(node.range.end) };
        let end = node.range.end;
        self.check_length(end)
    }

    fn check_length(&self, end: usize) -> Result<(), YamlError> {
        let Documents { text, start, max_document_bytes: max, .. } = *self.events;
        if end.saturating_sub(start) > max {
            let message =
                format_args!("longer than {max} bytes, the limit for a document, which begins");
            return Err(YamlError::at(text, start, message));
        }
        Ok(())
    }
}

const WHITE_SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Fails if a value at this depth, which begins at this offset, is nested too deeply.
pub(super) fn check_depth(text: &str, depth: usize, offset: usize) -> Result<(), YamlError> {
    if depth > MAX_DEPTH {
        let message = format_args!("nested deeper than {MAX_DEPTH} levels");
        return Err(YamlError::at(text, offset, message));
    }
    Ok(())
}

/// The range of an event and its tag.
#[expect(clippy::expect_used, reason = "the parser promises offsets for a text in memory")]
fn range_of(span: &Span) -> Range<usize> {
    let range = span.byte_range().expect("the text is in memory");
    let tag = span.tag_start().and_then(|tag| tag.byte_offset());
    tag.map_or(range.start, |tag| tag.min(range.start))..range.end
}
