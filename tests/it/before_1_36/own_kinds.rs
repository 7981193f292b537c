//! The table of requests about rollcall's own kinds: whose word it is, and who wrote what.

use serde_json::{Value, json};

use super::requests::{About, How, Sequence, Who, both, notes};
use crate::admission::objects::{release, team};

pub fn requests() -> Vec<Sequence> {
    vec![
        ("a team", a_team().asks),
        ("sign-offs", sign_offs().asks),
        ("tasks that are done", tasks().asks),
        ("a release", a_release().asks),
        ("a release that is cancelled", a_cancelled_release().asks),
        ("a rollback that is asked for", asked_back().asks),
    ]
}

fn a_team() -> About {
    let author = |who: &str| notes(json!({"rollcall.dev/author": who}));
    About::new("TeamReadiness", "plain")
        .ask(Who::Dev, How::Create, both(team("plain", &json!({"workloads": []})), author("forged")))
        .merge(Who::Lead, author("lead"))
        .merge(Who::Lead, author("x"))
        .merge(Who::Lead, json!({"metadata": {"annotations": null}}))
        .merge(Who::Lead, json!({"spec": {"independentChanges": "Held"}}))
        .merge(Who::Dev, json!({"metadata": {"labels": {"a": "b"}}}))
        .ask(Who::Flux, How::Apply, team("plain", &json!({"workloads": [{"kind": "Deployment", "name": "none"}]})))
}

/// An entry that does not say whose it is.
fn unsigned(mut entry: Value) -> Value {
    entry.as_object_mut().map(|entry| entry.remove("by"));
    entry
}

fn sign_offs() -> About {
    let entry = |role: &str, release: &str, letter: &str, by: Value| json!({"role": role, "release": release, "decision": "Go", "digest": format!("sha256:{}", letter.repeat(64)), "by": by});
    let say = |entries: Value| json!({"spec": {"signOffs": entries}});
    let roles =
        json!({"workloads": [], "signOff": {"required": [{"role": "lead", "requireHuman": true}, {"role": "qa"}]}});
    let lead = |letter: &str, by: Value| entry("lead", "releases/r1", letter, by);
    let qa = |letter: &str, by: Value| entry("qa", "releases/r1", letter, by);
    let mut seat = lead("a", Value::Null);
    seat["seat"] = json!(2);
    About::new("TeamReadiness", "signed")
        .ask(Who::Dev, How::Create, team("signed", &roles))
        .merge(Who::Dev, say(json!([unsigned(lead("a", Value::Null))])))
        .merge(Who::Lead, say(json!([unsigned(lead("a", Value::Null))])))
        .merge(Who::Lead, say(json!([lead("a", json!("forged"))])))
        .merge(Who::Dev, say(json!([lead("a", json!("dev"))])))
        .merge(Who::Lead, say(json!([lead("a", json!("lead")), qa("a", json!("dev"))])))
        .merge(Who::Lead, say(json!([qa("a", json!("lead")), lead("b", json!("lead"))])))
        .merge(
            Who::Lead,
            say(json!([unsigned(qa("a", Value::Null)), unsigned(lead("b", Value::Null)), unsigned(seat)])),
        )
        .merge(Who::Flux, say(json!([unsigned(lead("c", Value::Null))])))
        .merge(Who::Flux, say(json!([unsigned(lead("b", Value::Null)), unsigned(qa("d", Value::Null))])))
        .merge(Who::Lead, say(json!([entry("none", "releases/r1", "a", json!("lead"))])))
        .merge(Who::Dev, json!({"spec": {"signOff": {"required": [{"role": "boss"}]}}}))
        .merge(Who::Lead, say(json!([lead("b", json!("dev")), entry("boss", "releases/r1", "a", json!("dev"))])))
        .merge(Who::Lead, say(json!([])))
        .merge(Who::Lead, say(json!([{"role": "lead", "release": "r", "digest": "x"}])))
        .merge(Who::Lead, say(Value::Null))
}

fn tasks() -> About {
    let entry = |step: &str, letter: &str, by: Value| json!({"step": step, "release": "releases/r1", "digest": format!("sha256:{}", letter.repeat(64)), "by": by});
    let said = |step: &str, letter: &str| unsigned(entry(step, letter, Value::Null));
    let say = |entries: Value| json!({"spec": {"tasksDone": entries}});
    About::new("TeamReadiness", "tasks")
        .ask(Who::Dev, How::Create, team("tasks", &json!({"workloads": []})))
        .merge(Who::Dev, say(json!([said("switch", "a")])))
        .merge(Who::Lead, say(json!([said("switch", "a")])))
        .merge(Who::Lead, say(json!([entry("switch", "a", json!("forged"))])))
        .merge(Who::Lead, say(json!([entry("switch", "a", json!("lead")), entry("check", "a", json!("dev"))])))
        .merge(Who::Lead, say(json!([said("check", "a"), said("switch", "b")])))
        .merge(Who::Flux, say(json!([said("check", "c"), said("switch", "b")])))
        .merge(Who::Flux, say(json!([said("check", "a"), said("switch", "b"), said("other", "a")])))
        .merge(Who::Flux, say(json!([said("other", "a")])))
        .ask(
            Who::Lead,
            How::Apply,
            team("tasks", &json!({"workloads": [], "tasksDone": [said("other", "a"), said("third", "a")]})),
        )
        .merge(Who::Lead, say(json!([{"step": "other", "release": "r", "digest": "x"}])))
        .merge(Who::Lead, say(json!([])))
        .merge(Who::Lead, say(Value::Null))
}

/// The annotation says why, the API server says who, and the label finds it. The operator that serves the webhook ends
/// such a release, so its spec stays as it is.
fn asked_back() -> About {
    let asked = |reason: Value| notes(json!({"rollcall.dev/rollback-requested": reason}));
    let by = |who: Value| notes(json!({"rollcall.dev/rollback-requested-by": who}));
    let label = |value: Value| json!({"metadata": {"labels": {"rollcall.dev/rollback-requested": value}}});
    About::new("CoordinatedRelease", "r2")
        .ask(Who::Dev, How::Create, release("r2"))
        .merge(Who::Dev, asked(json!("INC-1")))
        .merge(Who::Dev, by(json!("lead")))
        .merge(Who::Dev, label(json!("true")))
        .merge(Who::Lead, both(asked(json!("INC-1")), by(json!("dev"))))
        .merge(Who::Dev, by(json!("dev")))
        .merge(Who::Dev, by(Value::Null))
        .merge(Who::Dev, label(Value::Null))
        .merge(Who::Dev, both(label(json!("false")), by(json!("x"))))
        .merge(Who::Dev, asked(json!("INC-2")))
        .merge(Who::Lead, asked(json!("INC-2")))
        .ask(Who::Flux, How::Apply, release("r2"))
        .merge(Who::Dev, asked(Value::Null))
        .ask(Who::Lead, How::Replace, both(release("r2"), asked(json!("INC-3"))))
        .merge(Who::Lead, json!({"metadata": {"annotations": null, "labels": null}}))
}

/// The operator that serves the webhook ends it, so nothing is asked of its spec after that.
fn a_cancelled_release() -> About {
    About::new("CoordinatedRelease", "r3")
        .ask(Who::Dev, How::Create, release("r3"))
        .merge(Who::Lead, json!({"spec": {"cancel": {"reason": "not today", "held": "Keep"}}}))
}

fn a_release() -> About {
    let over = |value: Value| json!({"spec": {"override": value}});
    let reason = |text: &str, by: &str| json!({"reason": text, "ticket": "INC-1", "skip": ["Freeze"], "until": "2030-01-01T00:00:00Z", "by": by});
    About::new("CoordinatedRelease", "r1")
        .ask(Who::Dev, How::Create, release("r1"))
        .merge(Who::Lead, json!({"spec": {"paused": true}}))
        .merge(Who::Lead, json!({"spec": {"priority": 3, "windows": [], "rollback": {"running": "Interrupt"}}}))
        .ask(Who::Lead, How::Json, json!([{"op": "add", "path": "/spec/steps/0/dependsOn", "value": []}]))
        .ask(Who::Lead, How::Json, json!([{"op": "add", "path": "/spec/steps/0/reversible", "value": true}]))
        .merge(Who::Oncall, json!({"spec": {"onFailure": "Halt"}}))
        .merge(Who::Dev, json!({"spec": {"rollback": {"running": "Finish"}}}))
        .merge(Who::Dev, over(reason("fire", "oncall")))
        .merge(Who::Oncall, over(reason("fire", "dev")))
        .merge(Who::Dev, over(json!({"by": "dev"})))
        .merge(Who::Dev, json!({"metadata": {"labels": {"a": "b"}}}))
        .merge(Who::Dev, over(reason("larger fire", "oncall")))
        .merge(Who::Oncall, over(json!({"reason": "larger fire"})))
        .merge(Who::Dev, over(Value::Null))
        .ask(Who::Flux, How::Apply, release("r1"))
}
