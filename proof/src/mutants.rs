//! Mistakes made on purpose in the product's sources.

/// The names of the mutants that break a property.
#[must_use]
pub fn of(_property: &str) -> Vec<String> {
    Vec::new()
}
