//! The documents of a text as trees of nodes, before scalars are resolved.

use std::collections::HashMap;

use granit_parser::{Event, Options, Parser, ScanError, Span, StrInput, Tag};
use volcano_job_update::internals::Position;

use super::error::YamlError;

/// The limit for nested maps and lists. It is higher than that of a Job ([`Limits::nesting`]), so
/// that a Job beyond its limit gets the error of reading a Job.
///
/// [`Limits::nesting`]: volcano_job_update::Limits::nesting
const MAX_DEPTH: usize = 256;

/// The nodes of one document. Every node is in front of those below it.
#[derive(Debug, Default)]
pub(super) struct Document {
    nodes: Vec<Node>,
}

/// A node of a document, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id(usize);

#[derive(Debug)]
pub(super) struct Node {
    pub(super) position: Position,
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

impl Document {
    /// The outermost node; `None` in an empty document.
    pub(super) fn root(&self) -> Option<Id> {
        (!self.nodes.is_empty()).then_some(Id(0))
    }

    /// Where it begins.
    pub(super) fn position(&self) -> Option<Position> {
        self.nodes.first().map(|node| node.position)
    }

    #[expect(clippy::expect_used, reason = "a document makes the numbers of its nodes")]
    pub(super) fn node(&self, Id(number): Id) -> &Node {
        self.nodes.get(number).expect("a node of this document")
    }
}

/// Reads the documents of a text, one after the other.
pub(super) struct Documents<'t> {
    parser: Parser<'t, StrInput<'t>>,
}

impl<'t> Documents<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut options = Options::default();
        options.set_emit_comments(false);
        options.bom_inside_document_as_content = true;
        Self { parser: Parser::new_from_str_with_options(text, options) }
    }

    fn event(&mut self) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        self.parser.next_event().transpose().map_err(|error| scan_error(&error))
    }

    /// The next document.
    fn document(&mut self) -> Result<Option<Document>, YamlError> {
        loop {
            match self.event()? {
                None | Some((Event::StreamEnd, _)) => return Ok(None),
                Some((Event::DocumentStart(_, Some(version)), span))
                    if (version.major, version.minor) != (1, 1) =>
                {
                    return Err(YamlError::at(position_of(&span), "kubectl reads only YAML 1.1"));
                }
                Some((Event::DocumentStart(..), _)) => {
                    let mut reader =
                        Reader { events: self, nodes: Vec::new(), anchors: HashMap::new() };
                    let first = reader.events.event()?;
                    reader.node(first, 0)?;
                    return Ok(Some(Document { nodes: reader.nodes }));
                }
                Some(_) => {}
            }
        }
    }
}

impl Iterator for Documents<'_> {
    type Item = Result<Document, YamlError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.document().transpose()
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
    fn node(&mut self, event: Option<(Event<'t>, Span)>, depth: usize) -> Result<Id, YamlError> {
        let Some((event, span)) = event else {
            return Err(YamlError::new("the document is not complete"));
        };
        let position = position_of(&span);
        check_depth(depth, position)?;
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = tag.is_none() && style == granit_parser::ScalarStyle::Plain;
                let content = Content::Scalar { text: text.into_owned(), is_plain };
                Ok(self.push(position, anchor, tag.as_deref(), content))
            }
            Event::SequenceStart(_, anchor, tag) => {
                let id = self.push(position, anchor, tag.as_deref(), Content::List(Vec::new()));
                let mut elements = Vec::new();
                while let Some(event) = self.until(&Event::SequenceEnd)? {
                    elements.push(self.node(Some(event), depth + 1)?);
                }
                self.set(id, Content::List(elements));
                Ok(id)
            }
            Event::MappingStart(_, anchor, tag) => {
                let id = self.push(position, anchor, tag.as_deref(), Content::Map(Vec::new()));
                let mut members = Vec::new();
                while let Some(event) = self.until(&Event::MappingEnd)? {
                    let key = self.node(Some(event), depth + 1)?;
                    let value = self.events.event()?;
                    members.push((key, self.node(value, depth + 1)?));
                }
                self.set(id, Content::Map(members));
                Ok(id)
            }
            Event::Alias(anchor) => {
                let Some(target) = self.anchors.get(&anchor).copied() else {
                    return Err(YamlError::at(position, "unknown anchor"));
                };
                Ok(self.push(position, 0, None, Content::Alias(target)))
            }
            _ => Err(YamlError::at(position, "a value is missing")),
        }
    }

    /// The next event, unless it is the end.
    fn until(&mut self, end: &Event<'_>) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        let event = self.events.event()?;
        Ok(event.filter(|(event, _)| event != end))
    }

    fn push(
        &mut self,
        position: Position,
        anchor: usize,
        tag: Option<&Tag>,
        content: Content,
    ) -> Id {
        let id = Id(self.nodes.len());
        if anchor != 0 {
            self.anchors.insert(anchor, id);
        }
        let tag = tag.map(|tag| format!("{}{}", tag.handle(), tag.suffix()));
        let tag = tag.filter(|tag| tag != "!");
        self.nodes.push(Node { position, tag, content });
        id
    }

    #[expect(clippy::expect_used, reason = "the node was just added")]
    fn set(&mut self, Id(number): Id, content: Content) {
        self.nodes.get_mut(number).expect("a node").content = content;
    }
}

/// Fails if a value at this depth is nested too deeply.
pub(super) fn check_depth(depth: usize, position: Position) -> Result<(), YamlError> {
    if depth > MAX_DEPTH {
        return Err(YamlError::at(position, format_args!("nested deeper than {MAX_DEPTH} levels")));
    }
    Ok(())
}

fn position_of(span: &Span) -> Position {
    Position { line: span.start.line(), column: span.start.col() + 1 }
}

fn scan_error(error: &ScanError) -> YamlError {
    let marker = error.marker();
    let position = Position { line: marker.line(), column: marker.col() + 1 };
    YamlError::at(position, error.kind())
}
