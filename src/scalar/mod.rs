//! The values of scalars that have several spellings.

pub(crate) mod duration;
pub(crate) mod number;
pub(crate) mod quantity;
