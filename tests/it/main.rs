//! The integration tests, in one binary. One folder per part of the product.

mod admission;
mod calendar;
mod docs;
mod input;
mod release;
mod support;
