//! When a window is open: schedules, zones, and who governs.
//!
//! This folder never reads a clock (`now` is an argument), never talks to a cluster, knows no wire type, never waits
//! and never logs. The machine's own zone data is never consulted: it is compiled in.
//!
//! # Rules that hold everywhere
//!
//! - Openings are half-open: `from` is included, `until` is excluded.
//! - A schedule is expanded on the wall clock of its zone. A wall time that the clock skips takes the offset before the
//!   gap, one that it shows twice means the first (RFC 5545 section 3.3.5). An opening that becomes empty is none.
//! - Days and weeks are nominal, hours, minutes and seconds are exact.
//! - An opening of a day or less belongs to the day it starts on, its end on the next day included.
//! - Nothing lies before the year 1 or after the year 9999.
//!
//! # Bounds
//!
//! | what | at most |
//! |---|---|
//! | entries, exceptions of a window | 32, 256 |
//! | `COUNT`, `INTERVAL` of a rule | 10,000 each |
//! | starts a day of an entry | 1,440 |
//! | openings of one entry open at once | 20,000 |
//! | an opening of a repeating entry | 400 days |
//! | search for a next start | 146,097 empty periods of the rule, after which there is none: the calendar repeats |
//! | search for a next opening, or for the end of one | 400 years, or 20,000 openings looked at; weekly schedules prove it from 15 days, or from 480 where the clock shifts |
//! | an iCalendar file | 1 MiB, 5,000 events |

mod ahead;
mod basic;
mod changes;
mod civil;
mod compile;
mod cron;
mod days;
mod fault;
mod governance;
mod ics;
mod jitter;
mod length;
mod lint;
mod overrun;
mod recurrence;
mod rrule;
mod rule;
mod schedule;
mod search;
mod series;
mod spans;
mod steady;
mod supposed;
mod verdict;
mod weekly;
mod window;
mod zone;

pub use ahead::Ahead;
pub use fault::CalendarFault;
pub use governance::{Governance, Governing, Purpose};
pub use ics::{Calendar, Exported, export};
pub use jitter::Turn;
pub use lint::{Concern, Warning};
pub use overrun::{OnClose, Overrun};
pub use recurrence::{Occurrences, Recurrence};
pub use schedule::{Capacity, Effect, Entry, Exception, ExceptionTime, Form, Selected, WindowSpec, WindowType};
pub use verdict::{Closer, Fit, Opener, Verdict};
pub use window::{Opening, Window};
pub use zone::{Zone, zone_data_version};
