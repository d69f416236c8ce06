//! The walk over the values of one field.

use std::collections::HashSet;

use super::difference::{Difference, DifferenceKind, Origin};
use super::elements::IndexedList;
use super::lists::{Matching, have_same_keys};
use super::scalars::same_scalars;
use super::verdict::Verdict;
use crate::job::{Lookup, Node, Shape, Text};
use crate::path::PathNode;
use crate::schema::{ANY, Identity, Kind, Structural};

/// The role of a value in the object or list that contains it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// A field of a struct.
    Field,
    /// A field of a struct that Volcano's controller fills in because a certain sibling field is
    /// present.
    FilledField,
    /// A field that the struct does not declare.
    Unknown,
    /// The value of a map key.
    Key,
    /// An element of a list.
    Element,
}

impl Slot {
    /// Whether an empty list or map in this slot is the same as an absent one.
    fn is_field(self) -> bool {
        matches!(self, Self::Field | Self::FilledField)
    }
}

/// All differences between two values of a field, each with its verdict; `None` is an absent value.
/// More than `limit` differences in one object or list are returned as one.
pub(super) fn differences<'v>(
    at: &PathNode<'_>,
    schema: &'v Structural,
    slot: Slot,
    (old, new): (Option<Node<'v>>, Option<Node<'v>>),
    limit: usize,
    judge: &dyn Fn(&Difference<'_>) -> Verdict,
) -> Vec<(Difference<'v>, Verdict)> {
    let mut walk = ValueWalk::new(Purpose::Record { limit, judge });
    match walk.value(at, schema, slot, old, new) {
        Ok(()) | Err(Differs) => walk.differences,
    }
}

/// Whether two values of this schema are the same, that is, whether the walk over them finds no
/// difference.
pub(crate) fn same(schema: &Structural, a: Node<'_>, b: Node<'_>) -> bool {
    match (a.shape(), b.shape()) {
        (Shape::Object, Shape::Object) | (Shape::List, Shape::List) => {
            let mut walk = ValueWalk::new(Purpose::Compare);
            walk.both(&PathNode::root(), schema, Slot::Element, a, b).is_ok()
        }
        _ => same_scalars(schema, a, b),
    }
}

/// The schema and the slot of the value of a key in an object whose schema is `parent`.
pub(super) fn slot_of<'s>(
    parent: &'s Structural,
    key: &str,
    has_sibling: impl Fn(&str) -> bool,
) -> (&'s Structural, Slot) {
    match parent.child(key) {
        None => (&ANY, Slot::Unknown),
        Some(child) if matches!(parent.kind, Kind::Struct(_)) => {
            let is_filled = child.filled_beside.as_deref().is_some_and(has_sibling);
            (child, if is_filled { Slot::FilledField } else { Slot::Field })
        }
        Some(child) => (child, Slot::Key),
    }
}

/// Whether a value is the same as an absent one.
pub(super) fn is_like_absent(value: Node<'_>, schema: &Structural) -> bool {
    schema.absent_is.as_ref().is_some_and(|absent| same(schema, value, absent.root()))
}

struct ValueWalk<'v, 'p> {
    purpose: Purpose<'p>,
    differences: Vec<(Difference<'v>, Verdict)>,
    /// The object or list that the walk is in.
    container: Container,
    /// The lists and objects that were found to differ when lists were aligned, by address. Without
    /// it, a list would be compared again at each of the lists around it.
    differing: HashSet<(usize, usize)>,
    /// The members of the objects that the walk is in, see [`Lookup`].
    members: Vec<(Text<'v>, Node<'v>)>,
}

#[derive(Clone, Copy)]
enum Purpose<'p> {
    /// Record all differences.
    Record { limit: usize, judge: &'p dyn Fn(&Difference<'_>) -> Verdict },
    /// Stop at the first difference.
    Compare,
}

/// An object or list whose differences are being recorded.
#[derive(Clone, Copy, Default)]
struct Container {
    /// The position of its first difference in the list of differences.
    first: usize,
    /// The verdict on the differences beyond the limit, once there are any.
    omitted: Option<Verdict>,
}

impl Container {
    /// Counts differences beyond the limit, with the verdict on them.
    fn omit(&mut self, verdict: Verdict) {
        self.omitted = Some(self.omitted.map_or(verdict, |omitted| omitted.strictest(verdict)));
    }
}

/// The maximum length of the keys in the paths of all differences in one object or list, in bytes.
const MAX_BYTES_OF_PATHS: usize = 256 * 1024;

/// Early exit: a walk that only compares found a difference.
struct Differs;

impl<'v, 'p> ValueWalk<'v, 'p> {
    fn new(purpose: Purpose<'p>) -> Self {
        Self {
            purpose,
            differences: Vec::new(),
            container: Container::default(),
            differing: HashSet::new(),
            members: Vec::new(),
        }
    }

    /// Whether to stop at the first difference.
    fn compares_only(&self) -> bool {
        matches!(self.purpose, Purpose::Compare)
    }

    fn value(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        old: Option<Node<'v>>,
        new: Option<Node<'v>>,
    ) -> Result<(), Differs> {
        match (present(old, schema, slot), present(new, schema, slot)) {
            (None, None) => Ok(()),
            (Some(old), Some(new)) => self.both(at, schema, slot, old, new),
            (None, Some(new)) if is_like_absent(new, schema) => Ok(()),
            (Some(old), None) if is_like_absent(old, schema) => Ok(()),
            (old, new) => self.one_sided(at, schema, slot, old, new),
        }
    }

    /// Compares a value that only one of the two Jobs has. An absent map or list counts as empty,
    /// so that each of its entries is a separate addition or removal.
    fn one_sided(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        old: Option<Node<'v>>,
        new: Option<Node<'v>>,
    ) -> Result<(), Differs> {
        let at_absent = at.clone().absent_if(old.is_none());
        match (&schema.kind, old.or(new).map(Node::shape)) {
            (Kind::Map(_), Some(Shape::Object)) | (Kind::List { .. }, Some(Shape::List))
                if slot.is_field() =>
            {
                self.container(&at_absent, schema, slot, (old, new))
            }
            _ => self.difference(at, schema, slot, old, new),
        }
    }

    fn both(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        old: Node<'v>,
        new: Node<'v>,
    ) -> Result<(), Differs> {
        if old.text() == new.text() {
            return Ok(());
        }
        let are_containers = match (old.shape(), new.shape()) {
            (Shape::Object, Shape::Object) | (Shape::List, Shape::List) => slot != Slot::Unknown,
            _ => false,
        };
        if !are_containers {
            return if same(schema, old, new) {
                Ok(())
            } else {
                self.difference(at, schema, slot, Some(old), Some(new))
            };
        }
        let pair = (old.address(), new.address());
        if self.compares_only() && self.differing.contains(&pair) {
            return Err(Differs);
        }
        let result = self.container(at, schema, slot, (Some(old), Some(new)));
        if self.compares_only() && result.is_err() {
            self.differing.insert(pair);
        }
        result
    }

    /// Compares two objects or two lists. One of them can be absent, and counts as empty.
    fn container(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        (old, new): (Option<Node<'v>>, Option<Node<'v>>),
    ) -> Result<(), Differs> {
        let first = self.differences.len();
        let around = std::mem::replace(&mut self.container, Container { first, omitted: None });
        let old_items = old.unwrap_or(Node::NULL);
        let new_items = new.unwrap_or(Node::NULL);
        if old_items.is_object() || new_items.is_object() {
            self.objects(at, schema, old_items, new_items)?;
        } else {
            self.lists(at, schema, old_items, new_items)?;
        }
        let Container { omitted, .. } = std::mem::replace(&mut self.container, around);
        if omitted.is_some() || self.has_long_paths(first) {
            let recorded = self.differences.drain(first..).map(|(_, verdict)| verdict);
            let verdict = recorded.chain(omitted).reduce(Verdict::strictest);
            if let (Some(kind), Some(verdict)) = (DifferenceKind::between(old, new), verdict) {
                self.differences.push((new_difference(at, schema, slot, kind), verdict));
            }
        }
        self.limit_differences();
        Ok(())
    }

    /// Whether the paths of several differences, from this one on, have so many bytes that a patch of
    /// all of them would be long.
    fn has_long_paths(&self, first: usize) -> bool {
        match self.differences.get(first..) {
            None | Some([] | [_]) => false,
            Some(several) => {
                let bytes = several.iter().map(|(difference, _)| difference.path.key_bytes());
                bytes.sum::<usize>() > MAX_BYTES_OF_PATHS
            }
        }
    }

    /// Whether two elements of lists that are aligned are the same.
    fn is_same(&mut self, schema: &'v Structural, old: Node<'v>, new: Node<'v>) -> bool {
        let differing = std::mem::take(&mut self.differing);
        let mut walk = ValueWalk { differing, ..ValueWalk::new(Purpose::Compare) };
        let result = walk.both(&PathNode::root(), schema, Slot::Element, old, new);
        self.differing = walk.differing;
        result.is_ok()
    }

    fn objects(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        old: Node<'v>,
        new: Node<'v>,
    ) -> Result<(), Differs> {
        let slot = |key: &str| {
            slot_of(schema, key, |sibling| new.get(sibling).is_some_and(|value| !value.is_null()))
        };
        let mut old_members = Lookup::new(old.members());
        for (key, new_value) in new.members() {
            let key = key.to_str();
            let old_value = old_members.find(&key, &mut self.members).map(|(_, value)| value);
            if old_value.is_some_and(|old| old.text() == new_value.text()) {
                continue;
            }
            let (child, slot) = slot(&key);
            self.value(&at.key(&key), child, slot, old_value, Some(new_value))?;
        }
        if old_members.finish(&mut self.members) {
            let mut new_members = Lookup::new(new.members());
            for (key, old_value) in old.members() {
                let key = key.to_str();
                if new_members.find(&key, &mut self.members).is_none() {
                    let (child, slot) = slot(&key);
                    self.value(&at.key(&key), child, slot, Some(old_value), None)?;
                }
            }
            new_members.finish(&mut self.members);
        }
        Ok(())
    }

    fn lists(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        old: Node<'v>,
        new: Node<'v>,
    ) -> Result<(), Differs> {
        let items = schema.items();
        if self.compares_only()
            && !matches!(schema.kind, Kind::List { identity: Identity::Set, .. })
        {
            return self.same_lists(at, items, old, new);
        }
        match &schema.kind {
            Kind::List { identity: Identity::Keys(keys), .. } if have_same_keys(keys, old, new) => {
                let mut pairs = old.elements().zip(new.elements()).enumerate();
                return pairs.try_for_each(|(i, (old, new))| {
                    self.value(&at.index(i, i), items, Slot::Element, Some(old), Some(new))
                });
            }
            _ => {}
        }
        let (old, new) = (IndexedList::new(old), IndexedList::new(new));
        let matching = match &schema.kind {
            Kind::List { identity: Identity::Set, .. } => Some(Matching::of_set(&old, &new)),
            Kind::List { identity: Identity::Keys(keys), .. } => {
                Matching::by_keys(keys, &old, &new)
            }
            _ => None,
        };
        let matching = matching
            .unwrap_or_else(|| Matching::aligned(&old, &new, |a, b| self.is_same(items, a, b)));
        for run in matching.removed {
            for (position, element) in run.clone().zip(old.from(run.start)) {
                let at = at.index(position, position);
                self.difference(&at, items, Slot::Element, Some(element), None)?;
            }
        }
        for run in matching.added {
            for (position, element) in run.clone().zip(new.from(run.start)) {
                let at = at.index(position, position);
                self.difference(&at, items, Slot::Element, None, Some(element))?;
            }
        }
        if !matching.order.is_empty() {
            self.record(at, &ANY, Slot::Element, DifferenceKind::Moved(matching.order))?;
        }
        for run in matching.pairs {
            let values = old.from(run.old).zip(new.from(run.new));
            for ((i, j), (old, new)) in run.positions().zip(values) {
                self.value(&at.index(i, j), items, Slot::Element, Some(old), Some(new))?;
            }
        }
        Ok(())
    }

    /// Two lists are the same if their elements are the same pairwise. Matching the elements
    /// matters only for reporting differences.
    fn same_lists(
        &mut self,
        at: &PathNode<'_>,
        items: &'v Structural,
        old: Node<'v>,
        new: Node<'v>,
    ) -> Result<(), Differs> {
        let (mut old, mut new) = (old.elements(), new.elements());
        loop {
            match (old.next(), new.next()) {
                // No difference is recorded, so the position does not matter.
                (Some(old), Some(new)) => self.both(at, items, Slot::Element, old, new)?,
                (None, None) => return Ok(()),
                (Some(_), None) | (None, Some(_)) => return Err(Differs),
            }
        }
    }

    /// Records the difference between two values.
    fn difference(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        old: Option<Node<'v>>,
        new: Option<Node<'v>>,
    ) -> Result<(), Differs> {
        match DifferenceKind::between(old, new) {
            Some(kind) => self.record(at, schema, slot, kind),
            None => Ok(()),
        }
    }

    fn record(
        &mut self,
        at: &PathNode<'_>,
        schema: &'v Structural,
        slot: Slot,
        kind: DifferenceKind<'v>,
    ) -> Result<(), Differs> {
        let Purpose::Record { limit, judge } = self.purpose else { return Err(Differs) };
        if self.container.omitted != Some(Verdict::Denied) {
            let is_long_move = matches!(&kind, DifferenceKind::Moved(ranks) if ranks.len() > limit);
            let difference = new_difference(at, schema, slot, kind);
            let verdict = judge(&difference);
            if is_long_move {
                // A patch would need up to one operation for each element.
                self.container.omit(verdict);
            } else {
                self.differences.push((difference, verdict));
                self.limit_differences();
            }
        }
        Ok(())
    }

    /// Drops the differences in the current object or list that exceed the limit.
    fn limit_differences(&mut self) {
        let Purpose::Record { limit, .. } = self.purpose else { return };
        let first = self.container.first;
        if self.differences.len() - first > limit {
            for (_, verdict) in self.differences.drain(first + limit..) {
                self.container.omit(verdict);
            }
        }
    }
}

fn new_difference<'v>(
    at: &PathNode<'_>,
    schema: &'v Structural,
    slot: Slot,
    kind: DifferenceKind<'v>,
) -> Difference<'v> {
    let is_like_absent = |value| is_like_absent(value, schema);
    let is_dropped = match kind {
        DifferenceKind::Removed(_) => true,
        DifferenceKind::Replaced { after, .. } => is_like_absent(after),
        DifferenceKind::Added(_) | DifferenceKind::Moved(_) => false,
    };
    let was_empty = || match kind {
        DifferenceKind::Added(_) => true,
        DifferenceKind::Replaced { before, .. } => is_like_absent(before),
        DifferenceKind::Removed(_) | DifferenceKind::Moved(_) => false,
    };
    let origin = match slot {
        Slot::Unknown => Origin::Unknown,
        Slot::FilledField if was_empty() => Origin::Controller,
        Slot::FilledField | Slot::Field | Slot::Key | Slot::Element => Origin::Known,
    };
    Difference::new(at, schema, origin, is_dropped, kind)
}

/// The value, or `None` if it counts as absent: `null` outside of a list, or an empty list or map
/// as a field of a struct.
pub(super) fn present<'v>(
    value: Option<Node<'v>>,
    schema: &Structural,
    slot: Slot,
) -> Option<Node<'v>> {
    let value = value?;
    let is_absent = match (value.shape(), &schema.kind) {
        (Shape::Null, _) => slot != Slot::Element,
        (Shape::List, Kind::List { .. }) | (Shape::Object, Kind::Map(_)) => {
            slot.is_field() && value.is_empty()
        }
        _ => false,
    };
    (!is_absent).then_some(value)
}
