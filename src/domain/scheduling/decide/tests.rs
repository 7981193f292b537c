//! The rules of the decision, each as a situation and what follows.

mod cleaned_up;
mod closing;
pub mod codes;
mod edges;
mod ending;
pub mod fixtures;
mod gates;
mod holidays;
mod openings;
mod progress;
mod refused;
mod remains;
mod threats;
mod undo;
mod withdrawal;
mod words;
