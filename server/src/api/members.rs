//! Reading a few fields of a Job in JSON without parsing the rest.

use std::borrow::Cow;

use volcano_job_update::internals::Cursor;

/// The members of an object: keys, and the texts of the values. None if the text is no object.
pub(super) fn members(object: &str) -> Vec<(Cow<'_, str>, &str)> {
    let mut members = Vec::new();
    visit(object, &mut |key, value| {
        members.push((key, value));
        true
    });
    members
}

/// The elements of a list.
pub(super) fn elements(list: &str) -> Vec<&str> {
    let mut elements = Vec::new();
    let mut cursor = Cursor::new(list);
    cursor.skip_white_space();
    let Some(mut items) = cursor.enter_list() else { return elements };
    while let (Ok(true), Ok(value)) = (items.next(&mut cursor), cursor.value()) {
        elements.push(value);
    }
    elements
}

/// The text of a member of an object. What is behind it is not read.
pub(super) fn member<'t>(object: &'t str, key: &str) -> Option<&'t str> {
    let mut found = None;
    visit(object, &mut |other, value| {
        found = (other == key).then_some(value);
        found.is_none()
    });
    found
}

/// The text of the value at a path.
pub(super) fn member_at<'t>(object: &'t str, path: &[&str]) -> Option<&'t str> {
    path.iter().try_fold(object, |object, key| member(object, key))
}

/// The value of a string in JSON.
pub(super) fn text(json: &str) -> Option<Cow<'_, str>> {
    let mut cursor = Cursor::new(json);
    cursor.string().ok()
}

fn visit<'t>(object: &'t str, visitor: &mut dyn FnMut(Cow<'t, str>, &'t str) -> bool) {
    let mut cursor = Cursor::new(object);
    cursor.skip_white_space();
    let Some(mut items) = cursor.enter_object() else { return };
    while let Ok(true) = items.next(&mut cursor) {
        let (Ok(key), Ok(value)) = (cursor.key(), cursor.value()) else { return };
        if !visitor(key, value) {
            return;
        }
    }
}
