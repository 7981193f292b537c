//! The calendar against cases that others answered, and against its own laws.

mod acceptance;
mod conformance;
mod effort;
mod export;
mod hostile;
mod laws;
mod live;
