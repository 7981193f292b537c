//! What teams have signed, by its parts, kept in the release's status so that they can be told later what changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::api::signed::{SignedContent, SignedMember};
use crate::domain::scheduling::Situation;
use crate::domain::scheduling::content::{Content, Member};
use crate::domain::scheduling::situation::TeamFound;

/// As many contents as the schema lets a status carry.
const KEPT: usize = 2;

/// What is kept: content that some present word is for, the newest of it, each with what is other now.
#[must_use]
pub fn kept(old: &[SignedContent], situation: &Situation, digest: &str) -> Vec<SignedContent> {
    let spoken_of = spoken_of(situation);
    let mut kept: Vec<SignedContent> =
        old.iter().filter(|s| s.digest != digest && spoken_of.contains(s.digest.as_str())).cloned().collect();
    if kept.is_empty() && !spoken_of.contains(digest) {
        return kept;
    }
    let now = Content::of(situation);
    for signed in &mut kept {
        signed.changed = read(signed).changes_to(&now);
    }
    if spoken_of.contains(digest) {
        kept.push(written(digest, &now));
    }
    let surplus = kept.len().saturating_sub(KEPT);
    kept.drain(..surplus);
    kept
}

/// The digests that words for this release are for.
fn spoken_of(situation: &Situation) -> BTreeSet<&str> {
    let teams = situation.teams.values().filter_map(|team| match team {
        TeamFound::Sound(team) => team.sign_offs.get(&situation.release.name),
        TeamFound::Broken(_) => None,
    });
    teams.flatten().map(|word| word.digest.as_str()).collect()
}

fn written(digest: &str, content: &Content) -> SignedContent {
    let members = content.members.iter().map(|(step, member)| SignedMember {
        step: step.clone(),
        uid: member.uid.clone(),
        template: member.template.clone(),
        images: member.images.clone(),
        parts: member.parts.clone(),
    });
    SignedContent {
        digest: digest.to_owned(),
        changed: Vec::new(),
        plan: content.plan.clone(),
        members: members.collect(),
    }
}

fn read(signed: &SignedContent) -> Content {
    let member = |m: &SignedMember| Member {
        uid: m.uid.clone(),
        template: m.template.clone(),
        images: m.images.clone(),
        parts: m.parts.clone(),
    };
    Content { plan: signed.plan.clone(), members: signed.members.iter().map(|m| (m.step.clone(), member(m))).collect() }
}

/// What was signed, read back, by digest.
#[must_use]
pub fn record(signed: &[SignedContent]) -> BTreeMap<String, Content> {
    signed.iter().map(|s| (s.digest.clone(), read(s))).collect()
}
