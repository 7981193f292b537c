//! The table of requests: every rule, by everybody who matters, in every way in which clients write.

use serde_json::{Value, json};

use super::own_kinds;
use crate::admission::objects::{deployment, job};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    Dev,
    Lead,
    Oncall,
    Flux,
    Operator,
}

#[derive(Clone, Copy, Debug)]
pub enum How {
    Create,
    /// Server-side, forced.
    Apply,
    Merge,
    Json,
    Replace,
}

/// One request.
pub struct Ask {
    pub who: Who,
    pub how: How,
    pub kind: &'static str,
    pub name: &'static str,
    pub body: Value,
}

/// Requests about one object, in their order.
pub type Sequence = (&'static str, Vec<Ask>);

/// A sequence about one object, in the making.
pub struct About {
    kind: &'static str,
    name: &'static str,
    pub asks: Vec<Ask>,
}

impl About {
    pub fn new(kind: &'static str, name: &'static str) -> Self {
        Self { kind, name, asks: Vec::new() }
    }

    pub fn ask(mut self, who: Who, how: How, body: Value) -> Self {
        self.asks.push(Ask { who, how, kind: self.kind, name: self.name, body });
        self
    }

    pub fn merge(self, who: Who, body: Value) -> Self {
        self.ask(who, How::Merge, body)
    }
}

pub fn notes(value: Value) -> Value {
    json!({"metadata": {"annotations": value}})
}

fn glass(ticket: &str) -> Value {
    notes(json!({"rollcall.dev/break-glass": ticket}))
}

fn image(tag: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": format!("r/app:{tag}")}]}}}})
}

/// Two merge patches in one.
pub fn both(mut one: Value, other: Value) -> Value {
    json_patch::merge(&mut one, &other);
    one
}

/// How the operator lets a Deployment go, but for the version, which differs between two API servers.
fn let_go() -> Value {
    json!([
        {"op": "remove", "path": "/spec/paused"},
        {"op": "remove", "path": "/metadata/annotations/rollcall.dev~1hold"},
        {"op": "add", "path": "/metadata/annotations/rollcall.dev~1released", "value": "releases/r1"},
    ])
}

/// All sequences.
pub fn requests() -> Vec<Sequence> {
    let mut all = vec![
        ("a Deployment, held and broken out", held().asks),
        ("a Deployment that its author had paused", paused().asks),
        ("a Deployment that was let go", let_go_once().asks),
        ("a Deployment that is rolled back", rolled_back().asks),
        ("a Deployment from Git", from_git().asks),
    ];
    all.extend(jobs());
    all.extend(stateful_sets());
    all.push(("a DaemonSet", daemon_set().asks));
    all.push(("a CronJob", cron_job().asks));
    all.extend(own_kinds::requests());
    all
}

fn held() -> About {
    About::new("Deployment", "held")
        .ask(Who::Dev, How::Create, deployment("held", "r/app:1"))
        .merge(Who::Dev, image("2"))
        .merge(Who::Dev, json!({"spec": {"paused": false}}))
        .merge(Who::Flux, json!({"spec": {"paused": null}}))
        .merge(Who::Dev, notes(json!({"rollcall.dev/hold": null})))
        .merge(Who::Dev, notes(json!({"rollcall.dev/hold": "author"})))
        .merge(Who::Dev, notes(Value::Null))
        .merge(Who::Dev, json!({"metadata": {"labels": {"rollcall.dev/gate": null}}}))
        .merge(Who::Dev, json!({"spec": {"replicas": 7}}))
        .merge(Who::Dev, glass("INC-1"))
        .merge(Who::Oncall, glass("INC-1"))
        .merge(Who::Oncall, glass("INC-2"))
        .merge(Who::Oncall, image("3"))
        .merge(Who::Oncall, glass("INC-2"))
        .merge(Who::Oncall, both(glass("INC-3"), image("4")))
        .merge(Who::Dev, image("6"))
        .ask(Who::Operator, How::Json, let_go())
        .merge(Who::Oncall, both(glass("INC-6"), notes(json!({"rollcall.dev/runs": "x"}))))
        .merge(Who::Dev, both(glass("INC-7"), image("7")))
        .merge(Who::Oncall, both(glass("INC-8"), both(image("8"), notes(json!({"rollcall.dev/released": "forged"})))))
        .merge(Who::Dev, both(glass("INC-4"), image("5")))
        .ask(Who::Dev, How::Replace, deployment("held", "r/app:1"))
}

fn paused() -> About {
    let mut object = deployment("paused", "r/app:1");
    object["spec"]["paused"] = json!(true);
    About::new("Deployment", "paused")
        .ask(Who::Dev, How::Create, object)
        .merge(Who::Dev, json!({"spec": {"paused": false}}))
        .merge(Who::Oncall, glass("INC-1"))
        .merge(Who::Dev, image("2"))
        .ask(Who::Operator, How::Json, json!([{"op": "remove", "path": "/metadata/annotations/rollcall.dev~1hold"}]))
        .merge(Who::Dev, json!({"spec": {"paused": null}}))
        .merge(Who::Dev, json!({"spec": {"paused": true}}))
        .merge(Who::Dev, image("3"))
}

fn let_go_once() -> About {
    let restart =
        json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}}}}});
    let label = json!({"spec": {"template": {"metadata": {"labels": {"more": "x"}}}}});
    let unlabel = json!({"metadata": {"labels": {"rollcall.dev/gate": null}}});
    About::new("Deployment", "gone")
        .ask(Who::Dev, How::Create, deployment("gone", "r/app:1"))
        .ask(Who::Operator, How::Json, let_go())
        .merge(Who::Dev, notes(json!({"rollcall.dev/released": "forged"})))
        .merge(Who::Dev, notes(json!({"rollcall.dev/released": null, "rollcall.dev/rollback": "x"})))
        .merge(Who::Dev, notes(json!({"rollcall.dev/hold": "policy", "rollcall.dev/hold-restore": "7"})))
        .merge(Who::Dev, notes(json!({"note": "theirs", "rollcall.dev/release": "releases/r2"})))
        .merge(Who::Dev, restart.clone())
        .merge(Who::Dev, both(unlabel.clone(), image("2")))
        .merge(Who::Dev, label)
        .merge(Who::Dev, restart)
        .ask(Who::Operator, How::Json, let_go())
        .merge(Who::Dev, json!({"spec": {"template": {"metadata": {"annotations": {"a": "b"}}}}}))
        .ask(Who::Operator, How::Json, let_go())
        .merge(Who::Dev, unlabel)
        .merge(Who::Dev, image("3"))
        .merge(Who::Dev, both(json!({"metadata": {"labels": {"rollcall.dev/gate": "team"}}}), image("4")))
}

fn rolled_back() -> About {
    let mark =
        |value: &str| json!([{"op": "add", "path": "/metadata/annotations/rollcall.dev~1rollback", "value": value}]);
    let unmark = json!([{"op": "remove", "path": "/metadata/annotations/rollcall.dev~1rollback"}]);
    About::new("Deployment", "back")
        .ask(Who::Dev, How::Create, deployment("back", "r/app:1"))
        .ask(Who::Operator, How::Json, let_go())
        .ask(Who::Operator, How::Json, mark("releases/r1"))
        .merge(Who::Dev, image("2"))
        .ask(Who::Flux, How::Apply, deployment("back", "r/app:2"))
        .merge(Who::Dev, notes(json!({"rollcall.dev/rollback": null})))
        .merge(Who::Dev, json!({"spec": {"replicas": 5}}))
        .merge(Who::Oncall, both(glass("INC-1"), image("3")))
        .ask(Who::Operator, How::Json, unmark)
        .merge(Who::Dev, image("4"))
}

fn from_git() -> About {
    let git = |tag: &str| deployment("git", &format!("r/app:{tag}"));
    let mut explicit = git("2");
    explicit["spec"]["paused"] = json!(false);
    About::new("Deployment", "git")
        .ask(Who::Flux, How::Apply, git("1"))
        .ask(Who::Operator, How::Json, let_go())
        .ask(Who::Flux, How::Apply, git("1"))
        .ask(Who::Flux, How::Apply, git("2"))
        .ask(Who::Flux, How::Apply, explicit)
        .ask(Who::Flux, How::Apply, git("1"))
        .ask(Who::Flux, How::Replace, git("3"))
}

fn jobs() -> Vec<Sequence> {
    let with = |name: &str, change: Value| both(job(name), change);
    let owner = json!({"metadata": {"ownerReferences": [
        {"apiVersion": "batch/v1", "kind": "CronJob", "name": "c", "uid": "8d0c8bbc-0000-4000-8000-000000000000", "controller": true}]}});
    let one = |name: &'static str, who: Who, change: Value| {
        About::new("Job", name).ask(who, How::Create, with(name, change)).asks
    };
    let plain = About::new("Job", "plain")
        .ask(Who::Dev, How::Create, job("plain"))
        .merge(Who::Dev, json!({"spec": {"suspend": false}}))
        .merge(Who::Dev, notes(json!({"rollcall.dev/hold": null})))
        .merge(Who::Dev, json!({"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "q"}}}))
        .merge(Who::Oncall, glass("INC-1"));
    vec![
        ("a Job", plain.asks),
        ("a Job that its author suspended", one("own", Who::Dev, json!({"spec": {"suspend": true}}))),
        (
            "a Job in a queue",
            one("queued", Who::Dev, json!({"metadata": {"labels": {"kueue.x-k8s.io/queue-name": "q"}}})),
        ),
        ("a Job with a made-up owner", one("made-up", Who::Dev, owner.clone())),
        ("a Job of a controller", one("owned", Who::Flux, owner)),
        ("a Job that breaks the glass", one("glass", Who::Oncall, glass("INC-1"))),
    ]
}

/// The same Deployment as another kind.
fn as_kind(kind: &str, name: &str, strategy: Value) -> Value {
    let mut object = deployment(name, "r/app:1");
    object["kind"] = json!(kind);
    object["spec"]["updateStrategy"] = strategy;
    if kind == "DaemonSet" {
        object["spec"].as_object_mut().map(|spec| spec.remove("replicas"));
    }
    object
}

fn stateful_sets() -> Vec<Sequence> {
    let rolling = |partition: i64| json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
    let all = [
        ("a StatefulSet", "plain", json!({"type": "RollingUpdate"})),
        ("a StatefulSet with a partition", "canary", rolling(2)),
        ("a StatefulSet that its author stopped", "still", rolling(2_147_483_647)),
        ("a StatefulSet that is updated by hand", "hand", json!({"type": "OnDelete"})),
    ];
    all.into_iter()
        .map(|(title, name, strategy)| {
            let about = About::new("StatefulSet", name)
                .ask(Who::Dev, How::Create, as_kind("StatefulSet", name, strategy.clone()))
                .merge(Who::Dev, json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}}}))
                .merge(Who::Dev, json!({"spec": {"updateStrategy": strategy}}))
                .merge(Who::Dev, image("2"))
                .merge(Who::Dev, notes(json!({"rollcall.dev/hold-restore": "7"})))
                .merge(Who::Dev, notes(json!({"rollcall.dev/hold-restore": "all"})))
                .merge(Who::Dev, json!({"spec": {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 3}}}}))
                .merge(Who::Dev, json!({"spec": {"updateStrategy": {"$patch": "replace", "type": "OnDelete", "rollingUpdate": null}}}))
                .merge(Who::Oncall, glass("INC-1"))
                .merge(Who::Dev, image("3"))
                .merge(Who::Oncall, both(glass("INC-2"), image("4")));
            (title, about.asks)
        })
        .collect()
}

fn daemon_set() -> About {
    About::new("DaemonSet", "agent")
        .ask(Who::Dev, How::Create, as_kind("DaemonSet", "agent", json!({"type": "RollingUpdate"})))
        .merge(Who::Dev, image("2"))
        .merge(Who::Dev, json!({"spec": {"updateStrategy": {"type": "RollingUpdate"}}}))
        .merge(Who::Oncall, glass("INC-1"))
        .merge(Who::Dev, json!({"spec": {"updateStrategy": {"type": "OnDelete"}}}))
        .merge(Who::Dev, image("3"))
        .merge(Who::Oncall, glass("INC-2"))
}

fn cron_job() -> About {
    let object = json!({
        "apiVersion": "batch/v1", "kind": "CronJob",
        "metadata": {"name": "nightly", "labels": {"rollcall.dev/gate": "team"}},
        "spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": job("x")["spec"]}}});
    let image = |tag: &str| json!([{"op": "replace", "path": "/spec/jobTemplate/spec/template/spec/containers/0/image", "value": tag}]);
    About::new("CronJob", "nightly")
        .ask(Who::Dev, How::Create, object)
        .merge(Who::Dev, json!({"spec": {"suspend": false}}))
        .merge(Who::Oncall, glass("INC-1"))
        .merge(Who::Dev, json!({"spec": {"schedule": "0 4 1 1 *"}}))
        .ask(Who::Dev, How::Json, image("r/job:2"))
        .merge(Who::Oncall, glass("INC-2"))
        .ask(
            Who::Operator,
            How::Json,
            json!([{"op": "add", "path": "/metadata/annotations/rollcall.dev~1rollback", "value": "r"}]),
        )
        .ask(Who::Flux, How::Json, image("r/job:3"))
}
