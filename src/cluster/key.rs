//! How objects and their versions are named.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The name of an object within its kind. Ordered by namespace, then name; the namespace of a cluster-scoped object
/// is empty. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    /// The namespace, empty for cluster-scoped objects.
    pub namespace: Arc<str>,
    /// The name.
    pub name: Arc<str>,
}

impl ObjectKey {
    /// The key of an object.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The version of an object. Versions of one kind are ordered where both are decimal numbers, of any size, as API
/// servers have promised since Kubernetes 1.35; others can only be equal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ResourceVersion(Arc<str>);

impl ResourceVersion {
    /// A version as the API server wrote it.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The version as the API server wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_number(&self) -> bool {
        let text = self.0.as_bytes();
        text.first().is_some_and(|first| *first != b'0') && text.iter().all(u8::is_ascii_digit)
    }

    /// Whether this version is the other one or a later one; versions that have no order are not.
    #[must_use]
    pub fn is_at_least(&self, other: &Self) -> bool {
        self.partial_cmp(other).is_some_and(Ordering::is_ge)
    }
}

impl PartialOrd for ResourceVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.0 == other.0 {
            return Some(Ordering::Equal);
        }
        let (a, b) = (&self.0, &other.0);
        (self.is_number() && other.is_number()).then(|| a.len().cmp(&b.len()).then_with(|| a.cmp(b)))
    }
}

impl fmt::Display for ResourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for ResourceVersion {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// What is kept of an object.
pub trait Projected: Send + Sync + 'static {
    /// The object's name.
    fn key(&self) -> &ObjectKey;
    /// The version that this was projected from.
    fn resource_version(&self) -> &ResourceVersion;
}

/// An object whose content is not what its kind allows, as far as we know it. It must not be taken for absent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct Undecodable {
    /// The object.
    pub key: ObjectKey,
    /// Its version.
    pub resource_version: ResourceVersion,
    /// What is wrong with it. Holds no content of the object beyond the offending value.
    pub message: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers_of_any_size() {
        let version = ResourceVersion::from;
        assert!(version("9") < version("10"));
        assert!(version("99999999999999999999999999") < version("100000000000000000000000000"));
        assert!(version("123").is_at_least(&version("123")));
        assert!(!version("122").is_at_least(&version("123")));
    }

    #[test]
    fn versions_that_are_no_numbers_have_no_order() {
        let version = ResourceVersion::from;
        for odd in ["", "0", "007", "abc", "1x", "-1"] {
            assert_eq!(version(odd).partial_cmp(&version("5")), None, "{odd}");
            assert!(version(odd).is_at_least(&version(odd)));
            assert!(!version(odd).is_at_least(&version("5")));
        }
    }

    #[test]
    fn keys_are_ordered_by_namespace_then_name() {
        let mut keys = [ObjectKey::new("b", "a"), ObjectKey::new("a", "z"), ObjectKey::new("", "x")];
        keys.sort();
        assert_eq!(keys.map(|key| key.to_string()), ["x", "a/z", "b/a"]);
    }
}
