//! What rollcall knows, as plain rules. Nothing here talks to a cluster, reads a clock, waits or logs.

pub mod calendar;
