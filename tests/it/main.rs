//! The integration tests, in one binary. One folder per part of the product.

mod admission;
mod calendar;
mod input;
mod docs;
mod release;
mod support;
