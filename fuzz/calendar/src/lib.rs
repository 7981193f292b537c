//! The calendar alone, from the same files as in rollcall: small enough to be optimised for every run.

#[path = "../../../src/domain/calendar/mod.rs"]
pub mod calendar;
#[path = "../../../src/spread.rs"]
pub mod spread;
