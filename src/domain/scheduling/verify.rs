//! Whether what was released does what its team expects: the checks that the step names, asked from when the
//! content runs until the release ends.

use super::blocker::Cause;
use super::decision::StepState;
use super::gates::sound;
use super::progress::{Standing, owner_of, team_of};
use super::situation::{Situation, Step, StepRecord};
use crate::domain::readiness::WhyUnchecked;

/// The standing of a step that is done, seen through its checks. One that fails makes the step fail; one that has
/// not answered keeps it from counting as done.
pub fn verified(s: &Situation, step: &Step, record: &StepRecord, mut standing: Standing) -> Standing {
    let team = team_of(s, step).and_then(|t| sound(s, t));
    for name in &step.verify {
        let check = team.and_then(|t| t.checks.get(name));
        let (why, said) = match check {
            None => (Some(WhyUnchecked::NoAnswer), "the team has no such check".to_owned()),
            Some(check) => (check.lack(s.now), check.message.clone()),
        };
        let (check, team) = (name.clone(), owner_of(s, step));
        match why {
            None => {}
            Some(WhyUnchecked::NoAnswer) => {
                let cause = Cause::Unverified { check, team, said };
                let finished = standing.view.finished;
                if standing.view.state == StepState::Done {
                    standing = Standing::new(step, record, StepState::Soaking);
                    standing.view.finished = finished;
                }
                standing = standing.blocked(step, cause, None);
            }
            Some(_) => {
                let cause = Cause::VerificationFailed { check, team, said };
                let finished = standing.view.finished;
                standing = Standing::new(step, record, StepState::Failed).noted(cause.message());
                standing.view.finished = finished;
                return standing.blocked(step, cause, None);
            }
        }
    }
    standing.look_again = standing.look_again.into_iter().chain(answers_end(s, step)).min();
    standing
}

/// When the first of the answers that count now stops to count.
fn answers_end(s: &Situation, step: &Step) -> Option<chrono::DateTime<chrono::Utc>> {
    let team = team_of(s, step).and_then(|t| sound(s, t))?;
    let ends = step.verify.iter().filter_map(|name| team.checks.get(name)?.counts_until());
    ends.filter(|end| *end > s.now).min()
}
