//! The ways to say what is to be different.

mod json;
mod merge;
mod strategic;

use serde_json::Value;

use crate::failure::Failure;
use crate::kind::Kind;

/// How a patch is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own, for built-in kinds only.
    Strategic,
    /// Server-side apply.
    Apply,
}

impl How {
    /// Reads the media type of a patch.
    pub(crate) fn of(content_type: &str, kind: &Kind) -> Result<Self, Failure> {
        match content_type {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/strategic-merge-patch+json" if !kind.custom => Ok(Self::Strategic),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            _ => Err(Failure::unsupported_media(
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
            )),
        }
    }

    /// The object with the patch applied.
    pub(crate) fn patched(self, object: &Value, patch: &Value) -> Result<Value, Failure> {
        let mut object = object.clone();
        match self {
            Self::Json => json::apply(&mut object, patch)?,
            Self::Strategic => strategic::apply(&mut object, patch),
            Self::Merge | Self::Apply => merge::apply(&mut object, patch),
        }
        Ok(object)
    }
}
