//! Kinds of objects: what the server knows of each.

use std::sync::Arc;

use crate::schema::Schema;

/// A kind that the server serves, at one version.
#[derive(Clone, Debug, Default)]
pub struct Kind {
    /// The API group, empty for the core group.
    pub group: String,
    /// The version, like `v1`.
    pub version: String,
    /// The name in objects, like `Deployment`.
    pub kind: String,
    /// The name in paths, like `deployments`.
    pub plural: String,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Whether there is a `status` subresource.
    pub status: bool,
    /// Whether there is a `scale` subresource.
    pub scale: bool,
    /// Whether a PUT or a patch with no resourceVersion may replace whatever is there.
    pub unconditional: bool,
    /// Whether a PUT creates what is not there.
    pub create_on_update: bool,
    /// What raises `metadata.generation`.
    pub generation: Generation,
    /// Whether the answer to a DELETE is the object that was deleted.
    pub returns_deleted: bool,
    /// Whether the kind comes from a CustomResourceDefinition.
    pub custom: bool,
    /// How objects are defaulted, pruned, validated and merged.
    pub schema: Option<Arc<Schema>>,
    /// Fields that lists and watches may select by, besides name and namespace; like `status.phase`.
    pub selectable: Vec<String>,
}

/// What raises `metadata.generation`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Generation {
    /// Nothing: objects have none.
    #[default]
    None,
    /// A change of the spec.
    Spec,
    /// A change of the spec or of an annotation; Deployments are so.
    SpecOrAnnotations,
    /// A change of anything but metadata and status.
    AllButStatus,
}

impl Kind {
    /// `apps/v1`, or `v1` in the core group.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// `deployments.apps`, as messages name the kind.
    #[must_use]
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}
