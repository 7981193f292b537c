//! What is held by `spec.suspend`.

use serde_json::{Value, json};

use super::held::{Lifted, is_set};
use super::set;

pub(super) fn suspended(object: &Value) -> bool {
    is_set(object, "suspend")
}

pub(super) fn suspend(object: &mut Value) {
    set(object, "suspend", json!(true));
}

/// What its author had suspended stays so.
pub(super) fn resume(object: &mut Value, lifted: &Lifted<'_>) {
    if lifted.ours {
        set(object, "suspend", json!(false));
    }
}
