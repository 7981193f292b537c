//! Teams: what goes out when nobody coordinates, and what is under rollcall at all.

mod alone;
mod checked;
mod claims;
mod emergency;
mod labels;
mod limits;
mod lost;
mod outage;
mod threats;
mod trust;
mod withdrawn;
