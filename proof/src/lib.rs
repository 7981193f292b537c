//! What rollcall must never do and must always do, as code.
//!
//! [`properties`] judges a [`history`]: every version of every object that somebody recorded, with who wrote it
//! and when. It reads the objects itself and asks nothing of the code it judges, except what a calendar says.
//! [`model`] explores every state of a small cluster in which the shipped decision is carried out by two leaders
//! while people, clocks and crashes do their worst.
//!
//! Nothing here talks to a server, and nothing here is part of the product.

pub mod history;
pub mod model;
pub mod mutants;
pub mod properties;
