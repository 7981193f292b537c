//! Faults on a real control plane, made on purpose at chosen writes, and judged by an independent witness with the
//! properties of `proof`.
//!
//! Nothing here sleeps for luck: a fault falls on a write, and a scene waits for what it names.

mod killed;
mod proxy;
mod scenes;
mod troubled;

mod witness;
