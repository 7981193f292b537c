//! Who owns which field: sets of fields, how they come from objects, and how `managedFields` writes them.

mod compare;
mod managers;
mod merge;
mod set;
mod typing;

pub(crate) use compare::{Difference, difference, fields_of};
pub(crate) use managers::{Manager, Managers, describe};
pub(crate) use merge::{merged, without};
pub(crate) use set::{Fields, Step};
pub(crate) use typing::Type;
