//! The tests that need a real control plane, in one binary so that they share it.

mod admission;
