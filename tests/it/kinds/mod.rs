//! Every kind that can be held, on the real controllers: held, let go, done, failed, put back; and what surprises
//! people about each.
//!
//! Nothing here ever writes what the operator writes, but where a test says so to look at one write alone.

mod objects;
mod pitfalls;
mod pod_gate;
mod rollout;
mod undone;
