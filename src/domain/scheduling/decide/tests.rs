//! The rules of the decision, each as a situation and what follows.

mod codes;
pub mod fixtures;
mod gates;
mod openings;
mod progress;
mod threats;
