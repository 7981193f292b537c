//! Releases on a real control plane, end to end.

mod straight;
