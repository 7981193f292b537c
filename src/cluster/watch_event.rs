//! What a watch tells whoever keeps what it has seen.

use super::{ObjectKey, ResourceVersion, Undecodable};

/// What a watch has seen.
#[derive(Debug)]
pub enum WatchEvent<P> {
    /// A list begins; it shows every object that exists.
    ListStarted,
    /// A list has ended, as of this version. What it did not show is gone.
    ListFinished(ResourceVersion),
    /// An object exists in this form.
    Applied(P),
    /// An object exists in a form that cannot be decoded.
    Undecodable(Undecodable),
    /// An object is gone, or no longer selected, as of this version.
    Deleted(ObjectKey, ResourceVersion),
    /// Everything up to this version has been seen.
    Progress(ResourceVersion),
}
