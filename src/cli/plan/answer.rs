//! What a set of manifests comes to, on its own: the files it was read from are no longer needed.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::check::{self, Finding, Level};
use super::course::Course;
use super::cross::{self, Plan};
use super::forecast::{self, Ahead};
use super::read::Source;
use super::{calendars, document};
use crate::cli::Failure;

/// Everything that is said of a set.
pub struct Answer {
    pub at: DateTime<Utc>,
    pub horizon: TimeDelta,
    pub findings: Vec<Finding>,
    pub plans: Vec<Plan>,
    pub courses: BTreeMap<String, Course>,
    pub counts: BTreeMap<&'static str, usize>,
    pub workloads: Vec<String>,
}

impl Answer {
    /// Reads, checks and plans.
    ///
    /// # Errors
    ///
    /// The file that is no manifest. A set without any object is answered, not refused.
    pub fn of(sources: &[Source], platform: &str, ahead: Ahead) -> Result<Self, Failure> {
        let mut documents = Vec::new();
        for source in sources {
            let found = document::documents(&source.name, &source.text).map_err(|(line, why)| {
                Failure::unreachable(format!("{}:{line}: {why}", source.name), "name manifests in YAML or JSON")
            })?;
            documents.extend(found);
        }
        let calendars = calendars::Files::of(&documents);
        let mut set = check::read(&documents, calendars, ahead.from);
        let plans = cross::plans(&mut set, platform);
        let courses = forecast::forecast(&mut set, platform, ahead);
        set.sort();
        Ok(Self {
            at: ahead.from,
            horizon: ahead.horizon,
            findings: set.findings,
            plans,
            courses,
            counts: set.counts,
            workloads: set.workloads.keys().map(ToString::to_string).collect(),
        })
    }

    /// How many objects were read.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.counts.values().sum()
    }

    #[must_use]
    pub fn told(&self, level: Level) -> usize {
        self.findings.iter().filter(|f| f.level == level).count()
    }

    /// Nothing is wrong with it, as strictly as asked.
    #[must_use]
    pub fn clean(&self, warnings_too: bool) -> bool {
        let bad =
            |level: Level| matches!(level, Level::Fault | Level::Conflict) || warnings_too && level == Level::Warning;
        !self.findings.iter().any(|f| bad(f.level))
    }

    /// The findings, the worst first.
    #[must_use]
    pub fn worst_first(&self) -> Vec<&Finding> {
        let mut all: Vec<&Finding> = self.findings.iter().collect();
        all.sort_by_key(|f| f.level);
        all
    }
}
