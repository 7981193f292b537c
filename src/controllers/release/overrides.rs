//! What is said and recorded of an override: where it stands, under whose word what went, and the Events.

use chrono::{DateTime, Utc};

use crate::api::overriding::{Override as Wire, OverrideStatus, UsedOverride};
use crate::api::release::CoordinatedReleaseStatus;
use crate::api::time::to_wire;
use crate::cluster::objects::Release;
use crate::controllers::events::Moment;
use crate::domain::scheduling::Situation;
use crate::domain::scheduling::overriding::{Standing, standing};

/// As many used overrides as the schema lets a status carry.
const KEPT: usize = 8;

/// Where the override of a release stands.
#[must_use]
pub fn status(release: &Release, situation: &Situation, digest: &str) -> Option<OverrideStatus> {
    let wire = release.spec.override_.as_ref()?;
    let standing = standing(situation, digest)?;
    let message = match &standing {
        Standing::InForce => format!("skips {} until {}: {} ({})", skipped(wire), wire.until, wire.reason, wire.ticket),
        Standing::Ended => format!("void since {}", wire.until),
        Standing::ForOther { digest } => {
            format!("it was for {}: other content takes another override", crate::digest::short(digest))
        }
        Standing::Unstamped => "the API server stamped nobody, so it counts for nothing".to_owned(),
    };
    Some(OverrideStatus {
        state: standing.as_str().to_owned(),
        by: wire.by.clone().unwrap_or_default(),
        message: crate::api::conditions::cut(&message, 1024),
    })
}

/// Records that something went under the override. Only the first use for a content is kept; of several overrides, the
/// newest.
pub fn used(status: &mut CoordinatedReleaseStatus, release: &Release, digest: &str, now: DateTime<Utc>) {
    let Some(wire) = &release.spec.override_ else { return };
    let used = UsedOverride {
        by: wire.by.clone().unwrap_or_default(),
        reason: wire.reason.clone(),
        ticket: wire.ticket.clone(),
        skip: wire.skip.clone(),
        until: wire.until.clone(),
        named: wire.digest.clone(),
        digest: digest.to_owned(),
        at: to_wire(now),
    };
    if status.overrides_used.iter().any(|known| UsedOverride { at: used.at.clone(), ..known.clone() } == used) {
        return;
    }
    status.overrides_used.push(used);
    let surplus = status.overrides_used.len().saturating_sub(KEPT);
    status.overrides_used.drain(..surplus);
}

/// What is worth an Event: an override that came into force, was used, or became void.
#[must_use]
pub fn news(old: &CoordinatedReleaseStatus, new: &CoordinatedReleaseStatus) -> Vec<Moment> {
    let mut news = Vec::new();
    if let Some(now) = &new.override_
        && old.override_.as_ref() != Some(now)
    {
        let reason = if now.state == "InForce" { "Overriding" } else { "OverrideVoid" };
        let note = format!("the override of {}: {}", now.by, now.message);
        news.push(Moment { reason, action: "Override", note, warning: true });
    }
    let fresh = new.overrides_used.iter().filter(|used| !old.overrides_used.contains(used));
    news.extend(fresh.map(|used| Moment {
        reason: "Overridden",
        action: "Override",
        note: format!(
            "{} let {} past gates: {} ({})",
            used.by,
            crate::digest::short(&used.digest),
            used.reason,
            used.ticket
        ),
        warning: true,
    }));
    news
}

fn skipped(wire: &Wire) -> String {
    let all: Vec<String> = wire.skip.iter().map(|s| format!("{s:?}")).collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn release(ticket: &str) -> Release {
        let text = json!({"metadata": {"namespace": "releases", "name": "r"}, "spec": {
            "participants": [], "steps": [],
            "override": {"reason": "outage", "ticket": ticket, "skip": ["Freeze"], "until": "2027-01-12T11:00:00Z", "by": "olga"}}});
        crate::cluster::objects::decode(&text.to_string()).expect("decodes")
    }

    #[test]
    fn a_use_is_recorded_once_and_the_newest_are_kept() {
        let now = "2027-01-12T09:00:00Z".parse().expect("an instant");
        let mut status = CoordinatedReleaseStatus::default();
        used(&mut status, &release("INC-0"), "sha256:a", now);
        used(&mut status, &release("INC-0"), "sha256:a", now + chrono::TimeDelta::minutes(1));
        assert_eq!(status.overrides_used.len(), 1);
        assert_eq!(
            (status.overrides_used[0].by.as_str(), status.overrides_used[0].at.as_str()),
            ("olga", "2027-01-12T09:00:00Z")
        );
        for n in 1..=KEPT {
            used(&mut status, &release(&format!("INC-{n}")), "sha256:a", now);
        }
        assert_eq!(status.overrides_used.len(), KEPT);
        assert_eq!(status.overrides_used[KEPT - 1].ticket, format!("INC-{KEPT}"));
        let told = news(&CoordinatedReleaseStatus::default(), &status);
        assert!(told.iter().all(|m| m.reason == "Overridden" && m.warning && m.note.contains("olga")));
    }
}
