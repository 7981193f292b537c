//! STUB to type-check against.
use chrono::{DateTime, TimeDelta, Utc};
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WindowType {
    Allow,
    Freeze,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Release,
    Rollback,
}
#[derive(Clone, Debug, Default)]
pub struct Governance {}
pub struct Closer {
    pub window: String,
    pub window_type: WindowType,
    pub entry: Option<String>,
    pub reason: String,
    pub fault: Option<String>,
    pub until: Option<DateTime<Utc>>,
}
pub struct Verdict {
    pub open: bool,
    pub closed_by: Vec<Closer>,
    pub closes_at: Option<DateTime<Utc>>,
    pub opens_at: Option<DateTime<Utc>>,
    pub next_change: Option<DateTime<Utc>>,
}
impl Governance {
    pub fn at(&self, now: DateTime<Utc>) -> Verdict {
        self.at_for(now, Purpose::Release)
    }
    pub fn at_for(&self, _now: DateTime<Utc>, _p: Purpose) -> Verdict {
        Verdict {
            open: true,
            closed_by: vec![],
            closes_at: None,
            opens_at: None,
            next_change: None,
        }
    }
    pub fn min_remaining(&self) -> TimeDelta {
        TimeDelta::zero()
    }
}
