//! Where the fields at given paths stand in a text.

#![expect(
    missing_docs,
    clippy::exhaustive_structs,
    clippy::must_use_candidate,
    reason = "public only for another crate of this workspace"
)]

use std::collections::HashMap;
use std::ops::Range;

use super::cursor::{Cursor, Items};
use super::limits::Limits;
use super::syntax_error::SyntaxError;
use super::tree::Text;
use crate::path::{FieldPath, Segment};

/// Where a field stands in a text, as ranges of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The key of the field, with its quotes; `None` for the root and for an element of a list.
    pub key: Option<Range<usize>>,
    /// The value, without the white space around it.
    pub value: Range<usize>,
    /// How many steps at the end of the path the text lacks: 0 if the field is in the text; otherwise
    /// this is the place of the innermost object or list around it.
    pub missing: usize,
}

/// The places of the values at these paths, in the same order, found in one pass over the text. Of
/// several members with the same key the last one counts.
///
/// The text must be well-formed JSON, with or without white space around it. A place in an object or
/// list that is nested deeper than the limit for a Job counts as missing.
///
/// # Panics
///
/// The text is not well-formed.
#[expect(clippy::expect_used, reason = "the caller has parsed the text")]
pub fn json_places(text: &str, paths: &[&FieldPath]) -> Vec<Place> {
    let mut finder = Finder { cursor: Cursor::new(text), search: Search::new(paths) };
    finder.cursor.skip_white_space();
    finder.value(Search::ROOT, None).expect("the text is well-formed");
    finder.search.into_places()
}

/// The paths whose places are looked for, as a tree of their steps, and what was found so far.
#[derive(Debug)]
pub struct Search<'p> {
    /// Each step is behind that to its parent.
    steps: Vec<Step>,
    keys: HashMap<(StepId, &'p str), StepId>,
    indices: HashMap<(StepId, usize), StepId>,
    /// For each path, its last step and the number of steps that are too deep to be looked for.
    ends: Vec<(StepId, usize)>,
    /// How often something was found.
    count: usize,
}

/// The last step of a path in a [`Search`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepId(usize);

#[derive(Debug)]
struct Step {
    /// `None` for the root.
    parent: Option<StepId>,
    has_keys: bool,
    has_indices: bool,
    found: Option<Found>,
}

#[derive(Debug)]
struct Found {
    key: Option<Range<usize>>,
    value: Range<usize>,
    /// `Search::count` when this was found, and that of the value around it. A value that is found again,
    /// because its key is given twice, has another number: what was in the first value no longer counts.
    number: usize,
    parent: usize,
}

impl<'p> Search<'p> {
    /// The empty path.
    pub const ROOT: StepId = StepId(0);

    pub fn new(paths: &[&'p FieldPath]) -> Self {
        let mut search = Self {
            steps: Vec::new(),
            keys: HashMap::new(),
            indices: HashMap::new(),
            ends: Vec::with_capacity(paths.len()),
            count: 0,
        };
        search.add(None);
        for path in paths {
            let mut step = Self::ROOT;
            // The search descends by recursion.
            let (near, deep) = path.segments().split_at(path.segments().len().min(MAX_STEPS));
            for segment in near {
                step = search.child(step, segment);
            }
            search.ends.push((step, deep.len()));
        }
        search
    }

    /// Whether a member of the object at this step is looked for.
    #[inline]
    pub fn has_keys(&self, step: StepId) -> bool {
        self.step(step).has_keys
    }

    /// Whether an element of the list at this step is looked for.
    #[inline]
    pub fn has_indices(&self, step: StepId) -> bool {
        self.step(step).has_indices
    }

    /// The step to a member, if it is looked for.
    #[inline]
    pub fn key(&self, step: StepId, key: &str) -> Option<StepId> {
        self.keys.get(&(step, key)).copied()
    }

    /// The step to an element, if it is looked for.
    #[inline]
    pub fn index(&self, step: StepId, index: usize) -> Option<StepId> {
        self.indices.get(&(step, index)).copied()
    }

    /// Sets the place of a value, which replaces an earlier one. The values in it are found after it.
    pub fn found(&mut self, step: StepId, key: Option<Range<usize>>, value: Range<usize>) {
        self.count += 1;
        let number = self.count;
        let around = self.step(step).parent.and_then(|parent| self.step(parent).found.as_ref());
        let parent = around.map_or(0, |found| found.number);
        self.step_mut(step).found = Some(Found { key, value, number, parent });
    }

    /// Sets where a value that was found ends.
    pub fn ends(&mut self, step: StepId, end: usize) {
        if let Some(found) = &mut self.step_mut(step).found {
            found.value.end = end;
        }
    }

    /// The places of the paths. The root must have been found.
    #[expect(clippy::expect_used, reason = "the root was found")]
    pub fn into_places(self) -> Vec<Place> {
        // For each step, the innermost step around it that was found, and how many steps are behind that.
        let mut nearest: Vec<(&Found, usize)> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let around = step.parent.and_then(|StepId(parent)| nearest.get(parent).copied());
            nearest.push(match (&step.found, around) {
                (Some(found), None) => (found, 0),
                (Some(found), Some((parent, 0))) if found.parent == parent.number => (found, 0),
                (_, around) => {
                    let (found, missing) = around.expect("the root was found");
                    (found, missing + 1)
                }
            });
        }
        let place = |(StepId(step), deep): &(StepId, usize)| {
            let (found, missing) = nearest.get(*step).expect("a step of this search");
            let Found { key, value, .. } = found;
            Place { key: key.clone(), value: value.clone(), missing: missing + deep }
        };
        self.ends.iter().map(place).collect()
    }

    /// The step to a child, which is added if it is new.
    fn child(&mut self, step: StepId, segment: &'p Segment) -> StepId {
        let next = StepId(self.steps.len());
        let child = match segment {
            Segment::Key(key) => {
                self.step_mut(step).has_keys = true;
                *self.keys.entry((step, key)).or_insert(next)
            }
            Segment::Index(index) => {
                self.step_mut(step).has_indices = true;
                *self.indices.entry((step, *index)).or_insert(next)
            }
        };
        if child == next {
            self.add(Some(step));
        }
        child
    }

    fn add(&mut self, parent: Option<StepId>) {
        self.steps.push(Step { parent, has_keys: false, has_indices: false, found: None });
    }

    #[inline]
    #[expect(clippy::expect_used, reason = "a search makes the numbers of its steps")]
    fn step(&self, StepId(number): StepId) -> &Step {
        self.steps.get(number).expect("a step of this search")
    }

    #[expect(clippy::expect_used, reason = "a search makes the numbers of its steps")]
    fn step_mut(&mut self, StepId(number): StepId) -> &mut Step {
        self.steps.get_mut(number).expect("a step of this search")
    }
}

/// No value of a Job has a longer path.
const MAX_STEPS: usize = Limits::MAX_NESTING;

struct Finder<'t, 'p> {
    cursor: Cursor<'t>,
    search: Search<'p>,
}

impl Finder<'_, '_> {
    /// Reads the value at a step.
    fn value(&mut self, step: StepId, key: Option<Range<usize>>) -> Result<(), SyntaxError> {
        let start = self.cursor.offset();
        self.search.found(step, key, start..start);
        let (has_keys, has_indices) = (self.search.has_keys(step), self.search.has_indices(step));
        let members = if has_keys { self.cursor.enter_object() } else { None };
        let elements = if has_indices { self.cursor.enter_list() } else { None };
        match (members, elements) {
            (Some(members), _) => self.members(step, members)?,
            (None, Some(elements)) => self.elements(step, elements)?,
            (None, None) => drop(self.cursor.value()?),
        }
        self.search.ends(step, self.cursor.offset());
        Ok(())
    }

    fn members(&mut self, step: StepId, mut members: Items) -> Result<(), SyntaxError> {
        while members.next(&mut self.cursor)? {
            let start = self.cursor.offset();
            let (key, rest) = Text::read(self.cursor.rest());
            self.cursor.advance(self.cursor.rest().len() - rest.len());
            let end = self.cursor.offset();
            self.cursor.skip_white_space();
            self.cursor.eat(b':');
            self.cursor.skip_white_space();
            // A path has no key with a lone surrogate.
            let child = key.valid().and_then(|key| self.search.key(step, &key));
            match child {
                Some(child) => self.value(child, Some(start..end))?,
                None => drop(self.cursor.value()?),
            }
        }
        Ok(())
    }

    fn elements(&mut self, step: StepId, mut elements: Items) -> Result<(), SyntaxError> {
        let mut index = 0;
        while elements.next(&mut self.cursor)? {
            match self.search.index(step, index) {
                Some(child) => self.value(child, None)?,
                None => drop(self.cursor.value()?),
            }
            index += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[track_caller]
    fn at(text: &str, range: &Range<usize>) -> String {
        text.get(range.clone()).unwrap().to_owned()
    }

    #[track_caller]
    fn places(text: &str, paths: &[&str]) -> Vec<Place> {
        let paths: Vec<FieldPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
        json_places(text, &paths.iter().collect::<Vec<_>>())
    }

    /// For each path, the expected text of the key and of the value, and the number of missing steps.
    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, &str, usize)]) {
        let paths: Vec<&str> = expected.iter().map(|(path, ..)| *path).collect();
        for (place, (path, key, value, missing)) in places(text, &paths).iter().zip(expected) {
            let found_key = place.key.as_ref().map_or(String::new(), |key| at(text, key));
            let found = (&*found_key, &*at(text, &place.value), place.missing);
            assert_eq!(found, (*key, *value, *missing), "{path}");
        }
    }

    #[test]
    fn places_are_those_of_keys_and_values() {
        let text =
            " {\"a\" : [ 1 ,{\"b\": {} }, \"x\\\"]ä\" ],\n\"\\u0063\\n\":-1.5e3 , \"d\":null}\n";
        let root = text.trim();
        let list = "[ 1 ,{\"b\": {} }, \"x\\\"]ä\" ]";
        check(
            text,
            &[
                ("", "", root, 0),
                ("a", "\"a\"", list, 0),
                ("a[0]", "", "1", 0),
                ("a[1]", "", "{\"b\": {} }", 0),
                ("a[1].b", "\"b\"", "{}", 0),
                ("a[2]", "", "\"x\\\"]ä\"", 0),
                ("[\"c\\n\"]", "\"\\u0063\\n\"", "-1.5e3", 0),
                ("d", "\"d\"", "null", 0),
                ("a[1].b.c[0]", "\"b\"", "{}", 2),
                ("a[3]", "\"a\"", list, 1),
                ("a.b", "\"a\"", list, 1),
                ("x.y.z", "", root, 3),
                ("[0]", "", root, 1),
                ("a[1].b", "\"b\"", "{}", 0),
            ],
        );
        check(" 1", &[("", "", "1", 0), ("a[1]", "", "1", 2)]);
        assert_eq!(json_places("{}", &[]), []);
    }

    #[test]
    fn the_last_of_several_members_counts() {
        let text = r#"{"a": {"b": 1, "c": [2]}, "a": {"b": 3}, "d": {"e": 4}, "\u0064": 5}"#;
        check(
            text,
            &[
                ("a", "\"a\"", "{\"b\": 3}", 0),
                ("a.b", "\"b\"", "3", 0),
                ("a.c", "\"a\"", "{\"b\": 3}", 1),
                ("a.c[0]", "\"a\"", "{\"b\": 3}", 2),
                ("d", "\"\\u0064\"", "5", 0),
                ("d.e", "\"\\u0064\"", "5", 1),
            ],
        );
    }

    #[test]
    fn lone_surrogates_are_stepped_over() {
        let text = r#"{"\ud800": "\udc00", "a": ["\ud800", {"\ud800": 1, "b": 2}]}"#;
        check(text, &[("a[1].b", "\"b\"", "2", 0), ("a[0]", "", "\"\\ud800\"", 0)]);
    }

    #[test]
    fn deep_texts_need_no_deep_recursion() {
        let depth = 100_000;
        let text = format!("{{\"a\":{}{},\"b\":1}}", "[".repeat(depth), "]".repeat(depth));
        check(&text, &[("b", "\"b\"", "1", 0)]);
        let deep: FieldPath = std::iter::repeat_n(Segment::Index(0), depth).collect();
        let deep = FieldPath::default()
            .join("a")
            .segments()
            .iter()
            .chain(deep.segments())
            .cloned()
            .collect();
        let [place] = &*json_places(&text, &[&deep]) else { panic!("one path, one place") };
        assert_eq!(place.missing, depth + 1 - MAX_STEPS);
    }

    /// All paths of a value, with what is there.
    fn fields<'v>(value: &'v Value, at: &FieldPath, fields: &mut Vec<(FieldPath, &'v Value)>) {
        fields.push((at.clone(), value));
        match value {
            Value::Object(map) => {
                map.iter().for_each(|(key, value)| self::fields(value, &at.join(&**key), fields));
            }
            Value::Array(list) => {
                for (index, value) in list.iter().enumerate() {
                    self::fields(value, &at.join(index), fields);
                }
            }
            _ => {}
        }
    }

    #[test]
    fn each_field_of_a_job_is_at_its_place() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/jobs");
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            for text in [text, value.to_string()] {
                let mut expected = Vec::new();
                fields(&value, &FieldPath::default(), &mut expected);
                let paths: Vec<&FieldPath> = expected.iter().map(|(path, _)| path).collect();
                for (place, (path, value)) in json_places(&text, &paths).into_iter().zip(&expected)
                {
                    let found: Value = serde_json::from_str(&at(&text, &place.value)).unwrap();
                    assert_eq!((&found, place.missing), (*value, 0), "{path}");
                    let key = place.key.map(|key| at(&text, &key));
                    let expected = match path.segments().last() {
                        Some(Segment::Key(key)) => Some(Value::from(&**key).to_string()),
                        Some(Segment::Index(_)) | None => None,
                    };
                    assert_eq!(key, expected, "{path}");
                }
            }
        }
    }
}
