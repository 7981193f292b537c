//! The integration tests, in one binary. One folder per part of the product.

mod calendar;
mod cli;
mod input;
mod release;
mod support;
mod tidy;
