//! The elements of a list by position.

use crate::job::{Elements, Node};

/// A list whose elements are found by position, and read from the last one to the first. The text of a
/// list is only read forwards, so the places of some elements are kept: that takes less memory than
/// the text itself, which a vector of all elements would not.
pub(super) struct IndexedList<'d> {
    len: usize,
    /// Each reads the list from an element on: from every [`STRIDE`]-th one.
    places: Vec<Elements<'d>>,
}

/// The number of elements from one place to the next.
const STRIDE: usize = 32;

impl<'d> IndexedList<'d> {
    pub(super) fn new(list: Node<'d>) -> Self {
        let (mut len, mut places) = (0, Vec::new());
        let mut rest = list.elements();
        loop {
            let place = rest.clone();
            match rest.by_ref().take(STRIDE).count() {
                0 => return Self { len, places },
                count => len += count,
            }
            places.push(place);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All elements.
    pub(super) fn iter(&self) -> Elements<'d> {
        self.from(0)
    }

    /// The elements from a position on.
    pub(super) fn from(&self, position: usize) -> Elements<'d> {
        let place = self.places.get(position / STRIDE);
        let mut elements = place.cloned().unwrap_or_else(|| Node::NULL.elements());
        elements.by_ref().take(position % STRIDE).for_each(drop);
        elements
    }

    /// The elements from the last one to the first.
    pub(super) fn rev(&self) -> impl Iterator<Item = Node<'d>> {
        self.places.iter().rev().flat_map(|place| {
            let stretch: Vec<Node<'d>> = place.clone().take(STRIDE).collect();
            stretch.into_iter().rev()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Document;

    #[test]
    fn elements_have_positions() {
        for len in [0, 1, STRIDE - 1, STRIDE, STRIDE + 1, 3 * STRIDE + 5] {
            let texts: Vec<String> = (0..len).map(|i| format!("[{{}},{i}]")).collect();
            let text = format!("[ {} ]", texts.join(" , "));
            let document = Document::of_text(&text).unwrap();
            let list = IndexedList::new(document.root());
            assert_eq!(list.len(), len);
            for position in 0..=len {
                let found: Vec<&str> = list.from(position).map(Node::text).collect();
                assert_eq!(found, texts[position..]);
            }
            let mut reversed: Vec<&str> = list.rev().map(Node::text).collect();
            reversed.reverse();
            assert_eq!(reversed, texts);
        }
    }
}
