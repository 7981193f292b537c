//! Requests to what is not the API server: probes and queries of endpoints that the admin defined.
//!
//! This folder never goes to an address that a team wrote, carries a token, follows a redirect or a proxy, or hands on
//! what was answered beyond a status code or a number.

pub mod address;
pub mod endpoints;
pub mod fetch;
pub mod prometheus;

pub use endpoints::{Endpoint, EndpointKind, Endpoints};
pub use fetch::{Trouble, get};
