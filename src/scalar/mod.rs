//! The values of scalars that can be written in several ways: numbers, quantities, durations,
//! times.

pub(crate) mod duration;
pub(crate) mod number;
pub(crate) mod quantity;
pub(crate) mod quantity_text;
pub(crate) mod time;
