//! The integration tests, in one binary. One folder per part of the product.

mod calendar;
mod readiness;
mod release;
mod support;
