//! What would ship, by its parts: so that whoever signed something else is told what changed since.

use std::collections::BTreeMap;

use serde_json::Value;

use super::progress::cleaned_up;
use super::situation::{Situation, Step, Work};
use crate::digest::{digest_of, short};
use crate::domain::workload::Workload;

/// The parts that a digest was computed from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Short digests of the parts of the plan, by path.
    pub plan: BTreeMap<String, String>,
    /// By the step's name.
    pub members: BTreeMap<String, Member>,
}

/// One step's workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Empty if it did not exist.
    pub uid: String,
    /// A short digest of what it would run.
    pub template: String,
    /// Image by container name.
    pub images: BTreeMap<String, String>,
    /// The parts of the template, a line each: path, `=`, digest.
    pub parts: String,
}

/// As many differences as are told; the rest is counted.
const TOLD: usize = 8;

impl Content {
    /// What would ship now.
    #[must_use]
    pub fn of(s: &Situation) -> Self {
        let members = s.release.steps.iter().filter_map(|step| match &step.work {
            Work::Workload(name) => Some((step, s.workloads.get(name))),
            Work::Wait(_) | Work::Task(_) => None,
        });
        let member = |step: &Step, found: Option<&Workload>| match (found, cleaned_up(s, step)) {
            (None, None) => Member::default(),
            // What it was made of is not known any more, and cannot have changed.
            (None, Some(ran)) => {
                Member { uid: ran.uid.clone(), template: short(&ran.template).to_owned(), ..Member::default() }
            }
            (Some(w), _) => Member {
                uid: w.uid.clone(),
                template: short(&w.template).to_owned(),
                images: w.images.clone(),
                parts: w.parts.clone(),
            },
        };
        let members = members.map(|(step, found)| (step.name.clone(), member(step, found)));
        Self { plan: plan(&s.release.plan), members: members.collect() }
    }

    /// What is other now than it was then, a sentence part each, bounded. Empty only if all is the same.
    #[must_use]
    pub fn changes_to(&self, now: &Self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        all.extend(differing(&self.plan, &now.plan).into_iter().map(|path| format!("the plan's {path}")));
        for step in self.members.keys().chain(now.members.keys().filter(|s| !self.members.contains_key(*s))) {
            match (self.members.get(step), now.members.get(step)) {
                (Some(then), Some(now)) => {
                    all.extend(then.changes_to(now).into_iter().map(|c| format!("step {step}: {c}")))
                }
                (None, _) => all.push(format!("step {step} is new")),
                (_, None) => all.push(format!("step {step} is gone")),
            }
        }
        let more = all.len().saturating_sub(TOLD);
        all.truncate(TOLD);
        if more > 0 {
            all.push(format!("and {more} more"));
        }
        all
    }
}

impl Member {
    fn changes_to(&self, now: &Self) -> Vec<String> {
        if (&self.uid, &self.template) == (&now.uid, &now.template) {
            return Vec::new();
        }
        match (self.uid.is_empty(), now.uid.is_empty()) {
            (true, true) => return Vec::new(),
            (true, false) => return vec!["its workload has appeared".to_owned()],
            (false, true) => return vec!["its workload is gone".to_owned()],
            (false, false) => {}
        }
        let mut all = Vec::new();
        if self.uid != now.uid {
            all.push("its workload was created anew".to_owned());
        }
        for container in differing(&self.images, &now.images) {
            let image = |m: &Self| m.images.get(&container).map_or("(none)", String::as_str).to_owned();
            all.push(format!("image of {container} was {} and is {}", image(self), image(now)));
        }
        all.extend(differing(&by_path(&self.parts), &by_path(&now.parts)));
        if all.is_empty() && self.template != now.template {
            all.push("its pod template".to_owned());
        }
        all
    }
}

fn by_path(parts: &str) -> BTreeMap<String, String> {
    parts.lines().filter_map(|line| line.rsplit_once('=')).map(|(p, d)| (p.to_owned(), d.to_owned())).collect()
}

/// The keys under which two maps say different things.
fn differing(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Vec<String> {
    let keys: std::collections::BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    keys.into_iter().filter(|key| then.get(*key) != now.get(*key)).cloned().collect()
}

/// The plan's parts: each step's fields and each participant by name, all else by field.
fn plan(plan: &Value) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut add =
        |path: String, value: &Value| drop(all.insert(path, short(&digest_of(value)).chars().take(8).collect()));
    for (field, value) in plan.as_object().into_iter().flatten() {
        match value.as_array().filter(|list| list.iter().all(|item| item["name"].is_string()) && !list.is_empty()) {
            None => add(field.clone(), value),
            Some(named) => {
                for item in named {
                    add(format!("{field}[{}]", item["name"].as_str().unwrap_or_default()), item);
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scheduling::fixtures::{Given, ready};

    fn changes(then: &Given, now: &Given) -> Vec<String> {
        Content::of(&then.0).changes_to(&Content::of(&now.0))
    }

    #[test]
    fn what_changed_is_told_by_member_and_field() {
        let now = ready().workload("shop", |w| {
            w.images.insert("app".into(), "app:3".into());
            w.parts = "containers[app].env=2\nlabels[app]=1\n".into();
            w.template = "sha256:other".into();
        });
        let then = ready().workload("shop", |w| w.parts = "containers[app].env=1\nlabels[app]=1\n".into());
        assert_eq!(
            changes(&then, &now),
            ["step shop: image of app was app:2 and is app:3", "step shop: containers[app].env"]
        );
        assert_eq!(changes(&then, &then), Vec::<String>::new());
    }

    #[test]
    fn whatever_changes_the_digest_is_told_somehow() {
        let others: [(&str, Given); 5] = [
            ("uid", ready().workload("data", |w| w.uid = "another".into())),
            ("template", ready().workload("data", |w| w.template = "sha256:another".into())),
            ("gone", ready().missing("data")),
            ("plan", ready().with(|s| s.release.plan = serde_json::json!({"steps": [{"name": "data", "soak": "1m"}]}))),
            ("both", ready().missing("data").workload("shop", |w| w.uid = "another".into())),
        ];
        for (what, other) in others {
            assert_ne!(ready().digest(), other.digest(), "{what}");
            assert!(!changes(&ready(), &other).is_empty(), "{what}");
            assert!(!changes(&other, &ready()).is_empty(), "{what}, back");
        }
    }

    #[test]
    fn of_a_plan_what_has_a_name_is_told_by_it_and_all_else_by_its_field() {
        let told = |then: Value, now: Value| {
            let content = |stored: Value| Content { plan: plan(&stored), members: BTreeMap::new() };
            content(then).changes_to(&content(now))
        };
        use serde_json::json;
        let step = |soak: &str| json!({"steps": [{"name": "data", "soak": soak}, {"name": "shop"}]});
        assert_eq!(told(step("1m"), step("2m")), ["the plan's steps[data]"]);
        assert_eq!(told(json!({"rules": ["a"]}), json!({"rules": ["b"]})), ["the plan's rules"]);
        assert_eq!(told(json!({}), json!({"rules": []})), ["the plan's rules"], "an empty list is something, too");
    }

    #[test]
    fn what_is_told_is_bounded() {
        let many = |n: usize| Content {
            plan: (0..100).map(|i| (format!("f{i:03}"), n.to_string())).collect(),
            members: BTreeMap::new(),
        };
        let told = many(1).changes_to(&many(2));
        assert_eq!((told.len(), told[TOLD].as_str()), (TOLD + 1, "and 92 more"));
    }
}
