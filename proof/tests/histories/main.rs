//! Histories in which each property is broken, and one in which none is: a judge that never finds anything is none.

mod alone;
mod back;

use chrono::{DateTime, Utc};
use proof::history::{Ended, Entry, History};
use proof::properties::{PROPERTIES, all, page};
use serde_json::{Value, json};

use alone::{accepted, stopped};
use back::{both_went, frontend_held, put_back_to};

const OPERATOR: &str = "system:serviceaccount:rollcall-system:rollcall";
const DIGEST: &str = "sha256:one";

fn at(time: &str) -> DateTime<Utc> {
    format!("2027-01-12T{time}Z").parse().expect("a time of the day")
}

/// A story of one team and one workload, told object by object.
struct Story(History);

impl Story {
    fn write(mut self, time: &str, actor: &str, kind: &str, mut object: Value) -> Self {
        let version = self.0.entries.len() as u64 + 1;
        object["metadata"]["resourceVersion"] = version.to_string().into();
        self.0.entries.push(Entry {
            version,
            at: at(time),
            actor: actor.to_owned(),
            replica: String::new(),
            kind: kind.to_owned(),
            object: object.into(),
            deleted: false,
        });
        self
    }

    /// Changes the newest version of a kind of which there is one object.
    fn change(self, time: &str, actor: &str, kind: &str, change: impl FnOnce(&mut Value)) -> Self {
        let mut object = self.newest(kind);
        change(&mut object);
        self.write(time, actor, kind, object)
    }

    fn newest(&self, kind: &str) -> Value {
        let newest = self.0.entries.iter().rev().find(|e| e.kind == kind);
        newest.unwrap_or_else(|| panic!("no {kind} yet")).object.as_ref().clone()
    }

    fn gone(self, time: &str, kind: &str) -> Self {
        let object = self.newest(kind);
        let mut story = self.write(time, "anna", kind, object);
        story.0.entries.last_mut().expect("an entry").deleted = true;
        story
    }

    fn grant(self, time: &str, digest: &str) -> Self {
        let workload = self.newest("Deployment");
        let grant = json!({"format": 1, "at": format!("2027-01-12T{time}Z"), "digest": digest, "template": "sha256:t",
            "workloadUid": workload["metadata"]["uid"], "workloadVersion": workload["metadata"]["resourceVersion"]});
        self.change(time, OPERATOR, "CoordinatedRelease", |r| {
            r["status"]["steps"] = json!([{"name": "api", "state": "Granted", "grant": grant}]);
        })
    }

    fn let_go(self, time: &str) -> Self {
        self.change(time, OPERATOR, "Deployment", |d| {
            d["metadata"]["annotations"] = json!({"rollcall.dev/released": "release releases/r step api digest one"});
            d["spec"].as_object_mut().expect("a spec").remove("paused");
        })
    }

    fn runs(self, time: &str) -> Self {
        self.change(time, "deployment-controller", "Deployment", |d| {
            let generation = d["metadata"]["generation"].clone();
            d["status"] =
                json!({"observedGeneration": generation, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1});
        })
    }

    fn finished(self, time: &str) -> Self {
        self.change(time, OPERATOR, "CoordinatedRelease", |r| {
            r["status"]["steps"][0]["state"] = "Done".into();
            r["status"]["finished"] = true.into();
        })
    }
}

fn deployment(name: &str, tag: &str) -> Value {
    json!({"metadata": {"namespace": "core", "name": name, "uid": format!("uid-{name}"), "generation": 2,
            "labels": {"rollcall.dev/gate": "core"}, "annotations": {"rollcall.dev/hold": "policy"}},
        "spec": {"replicas": 1, "paused": true, "template": {"spec": {"containers": [{"name": "app", "image": format!("app:{tag}")}]}}},
        "status": {}})
}

/// Everything is held, signed, and the window is open from nine to ten.
fn signed() -> Story {
    let window = json!({"metadata": {"namespace": "rollcall-system", "name": "hours", "uid": "w", "generation": 1},
        "spec": {"type": "Allow", "timeZone": "UTC", "namespaceSelector": {}, "schedule": [
            {"name": "today", "dates": {"from": "2027-01-12T09:00:00", "until": "2027-01-12T10:00:00"}}]}});
    let team = json!({"metadata": {"namespace": "core", "name": "core", "uid": "t", "generation": 1},
        "spec": {"workloads": [{"kind": "Deployment", "name": "api"}], "allow": [{"namespace": "releases"}],
            "signOff": {"required": [{"role": "lead", "count": 1}]}},
        "status": {"workloads": [{"name": "api"}]}});
    let release = json!({"metadata": {"namespace": "releases", "name": "r", "uid": "r", "generation": 1},
        "spec": {"participants": [{"name": "core", "team": {"namespace": "core", "name": "core"}}],
            "steps": [{"name": "api", "participant": "core", "workload": {"kind": "Deployment", "name": "api"}}]},
        "status": {"observedGeneration": 1, "digest": DIGEST, "steps": [{"name": "api", "state": "Waiting"}],
            "blockers": [{"code": "RC051", "owner": "core/core", "message": "core has not signed", "remedy": "sign"}]}});
    let namespace = json!({"metadata": {"name": "core", "uid": "n"}});
    let mut history = History::new(OPERATOR, "rollcall-system", at("09:20:00"));
    history.calm_since = Some(at("09:10:00"));
    Story(history)
        .write("08:50:00", "anna", "ValidatingAdmissionPolicy", json!({"metadata": {"name": "rollcall-deployments"}}))
        .write("08:50:00", "anna", "Namespace", namespace)
        .write("08:50:00", "anna", "DeploymentWindow", window)
        .write("08:50:00", "anna", "TeamReadiness", team)
        .write("08:55:00", "ci", "Deployment", deployment("api", "2"))
        .write("08:56:00", "lena", "CoordinatedRelease", release)
        .sign("08:57:00", "cora", DIGEST)
}

impl Story {
    fn sign(self, time: &str, by: &str, digest: &str) -> Self {
        let word = json!({"release": "releases/r", "role": "lead", "decision": "Go", "digest": digest, "by": by});
        let seen = json!({"release": "releases/r", "role": "lead", "digest": digest, "by": by, "at": format!("2027-01-12T{time}Z")});
        self.change(time, by, "TeamReadiness", |t| t["spec"]["signOffs"] = json!([word])).change(
            time,
            OPERATOR,
            "TeamReadiness",
            |t| t["status"]["seenSignOffs"] = json!([seen]),
        )
    }

    /// The hold of the workload is dropped in the operator's name, and nothing says why.
    fn dropped(self, time: &str) -> Self {
        self.change(time, OPERATOR, "Deployment", |d| {
            d["metadata"]["annotations"] = json!({});
            d["spec"].as_object_mut().expect("a spec").remove("paused");
        })
    }

    fn went(self) -> Self {
        self.grant("09:00:10", DIGEST).let_go("09:00:11").runs("09:01:00").finished("09:01:01")
    }
}

type Broken = (&'static str, &'static str, fn() -> Story);

/// Property, what is wrong, and the history.
const BROKEN: &[Broken] = &[
    ("S1", "let go without a grant", || signed().let_go("09:00:11")),
    ("S1", "let go ten seconds after its grant", || signed().grant("09:00:10", DIGEST).let_go("09:00:20")),
    ("S1", "let go ten minutes after its grant", || signed().grant("09:00:10", DIGEST).let_go("09:10:11")),
    ("S1", "what a release claims goes by itself", || accepted().api_alone("09:00:11")),
    ("S1b", "granted in a version that says stop", || {
        signed().change("09:00:05", "lena", "CoordinatedRelease", |r| r["spec"]["paused"] = true.into()).went()
    }),
    ("S2", "two releases use what exists once", two_users),
    ("S3", "granted on a word for other content", || signed().sign("08:58:00", "cora", "sha256:other").went()),
    ("S3", "two contents with one digest", || {
        signed()
            .grant("09:00:10", DIGEST)
            .change("09:00:12", "ci", "Deployment", |d| {
                d["spec"]["template"]["spec"]["containers"][0]["image"] = "app:3".into()
            })
            .change("09:00:13", OPERATOR, "CoordinatedRelease", |r| r["status"]["progress"] = "0/1".into())
            .grant("09:00:20", DIGEST)
    }),
    ("S4", "granted before the window opens", || signed().grant("08:59:10", DIGEST).let_go("08:59:11")),
    ("S4", "a change of no release goes by itself before its window opens", || {
        signed().gone("08:57:30", "CoordinatedRelease").api_alone("08:58:30")
    }),
    ("S5", "a change of no release goes by itself although everything is stopped", || {
        stopped().gone("08:57:30", "CoordinatedRelease").api_alone("09:00:11")
    }),
    ("S5", "let go although everything is stopped", || stopped().went()),
    ("S5", "let go long after a stop", || {
        signed()
            .change("09:00:05", "lena", "CoordinatedRelease", |r| r["spec"]["paused"] = true.into())
            .change("09:05:00", "lena", "CoordinatedRelease", |r| r["metadata"]["labels"] = json!({"a": "b"}))
            .went()
    }),
    ("S6", "the same content twice", || {
        signed()
            .went()
            .change("09:02:00", "ci", "Deployment", |d| {
                d["spec"]["paused"] = true.into();
                d["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
            })
            .grant("09:03:00", DIGEST)
            .let_go("09:03:01")
    }),
    ("S7", "the second step first", || {
        signed()
            .change("08:58:00", "lena", "CoordinatedRelease", |r| {
                r["spec"]["steps"][0]["dependsOn"] = json!(["data"]);
                r["spec"]["steps"].as_array_mut().expect("steps").push(
                json!({"name": "data", "participant": "core", "workload": {"kind": "Deployment", "name": "ledger"}}));
            })
            .went()
    }),
    ("S7", "the backend goes back under its frontend", || both_went().goes_back("09:02:00", "api")),
    ("S7", "a frontend goes over its backend, which has gone back", || {
        frontend_held().goes_back("09:01:30", "api").frontend_goes("09:01:33")
    }),
    ("S7", "the backend goes back while the former frontend is on its way", || {
        both_went().goes_back("09:02:00", "web").goes_back("09:02:10", "api")
    }),
    ("S7", "what had not gone goes by itself after its release went back", || {
        frontend_held().goes_back("09:01:30", "api").back("09:02:00", "api").went_back("09:02:01").alone("09:03:00")
    }),
    ("S8", "an image changed by rollcall", || {
        signed().went().change("09:02:00", OPERATOR, "Deployment", |d| {
            d["spec"]["template"]["spec"]["containers"][0]["image"] = "app:9".into();
        })
    }),
    ("S8", "resumed what its author had paused", || {
        signed()
            .change("08:58:00", "ci", "Deployment", |d| {
                d["metadata"]["annotations"]["rollcall.dev/hold"] = "author".into()
            })
            .went()
    }),
    ("S9", "let go while a policy was missing", || signed().gone("08:58:00", "ValidatingAdmissionPolicy").went()),
    ("S9", "a hold dropped without a word", || {
        signed().change("09:00:00", OPERATOR, "Deployment", |d| d["metadata"]["annotations"] = json!({}))
    }),
    ("S9", "let go for a release while everything is uninstalled", || uninstalled().went()),
    ("S10", "a team that does not consent", || {
        signed().change("08:58:00", "cora", "TeamReadiness", |t| t["spec"]["allow"] = json!([])).went()
    }),
    ("S11", "done before it went", || signed().grant("09:00:10", DIGEST).finished("09:00:12")),
    ("S11", "put back to what the same release had let go before", || put_back_to("app:2")),
    ("S11", "an observed generation that goes back", || {
        signed()
            .change("08:59:00", OPERATOR, "CoordinatedRelease", |r| r["status"]["observedGeneration"] = 0.into())
            .went()
    }),
    ("S12", "a late write of a process without the lease", || {
        let mut story = signed()
            .write("08:50:00", OPERATOR, "Lease", json!({"metadata": {"namespace": "rollcall-system", "name": "rollcall"}, "spec": {"holderIdentity": "b"}}))
            .let_go("09:00:11");
        story.0.entries.last_mut().expect("an entry").replica = "a".into();
        story
    }),
    ("S13", "a word in somebody else's name", || {
        signed()
            .change("08:58:00", "mallory", "TeamReadiness", |t| t["spec"]["signOffs"][0]["by"] = "olga".into())
            .went()
    }),
    ("L1", "all gates open, and it stays", signed),
    ("L1", "a change of no release whose windows are open, and it stays", || {
        signed().gone("08:57:30", "CoordinatedRelease")
    }),
    ("L1", "a rollback that stands still and does not say why", || {
        both_went()
            .change("09:02:00", OPERATOR, "CoordinatedRelease", |r| {
                r["status"]["rollback"] = json!({"since": "2027-01-12T09:02:00Z"});
                r["status"]["blockers"] = json!([]);
            })
            .goes_back("09:02:01", "api")
            .runs("09:02:10")
    }),
    ("L2", "a window opened and nothing went for five minutes", || {
        let mut story = signed();
        story.0.calm_since = Some(at("08:58:00"));
        story.grant("09:05:00", DIGEST).let_go("09:05:01").runs("09:06:00").finished("09:06:01")
    }),
    ("L3", "all gates open after a crash, and it stays", || {
        let mut story = signed();
        story.0.ended.push(Ended { at: at("09:00:00"), cleanly: false });
        story
    }),
    ("L4", "waits for what nobody has", || {
        signed().change("09:01:00", OPERATOR, "CoordinatedRelease", |r| {
            r["status"]["blockers"] = json!([{"code": "RC041", "owner": "release releases/gone", "message": "db is in use", "remedy": "wait"}]);
        })
    }),
    ("L5", "held, and nobody speaks of it", || {
        signed().went().write("09:02:00", "ci", "Deployment", deployment("forgotten", "1"))
    }),
    ("L5", "pinned for a release that is over", || {
        both_went().goes_back("09:02:00", "web").goes_back("09:02:10", "api").went_back("09:02:20")
    }),
    ("L6", "waits, and does not say for what", || {
        signed().change("09:01:00", OPERATOR, "CoordinatedRelease", |r| r["status"]["blockers"] = json!([]))
    }),
    ("L7", "written though nothing changed", || {
        signed().went().change("09:02:00", OPERATOR, "CoordinatedRelease", |_| {})
    }),
    ("L7", "asked though nothing happened", || {
        let mut story = signed().went();
        story.0.idle_requests = Some(12);
        story
    }),
    ("L8", "nobody leads after a crash", || {
        let mut story = signed().went();
        story.0.calm_since = Some(at("09:04:00"));
        story.0.ended.push(Ended { at: at("09:05:00"), cleanly: false });
        story
    }),
];

fn two_users() -> Story {
    let needs = |r: &mut Value| r["spec"]["steps"][0]["requires"] = json!({"db": 1});
    let story = signed().change("08:58:00", "lena", "CoordinatedRelease", needs);
    let mut other = story.newest("CoordinatedRelease");
    let first = story.grant("09:00:10", DIGEST).let_go("09:00:11");
    other["metadata"]["name"] = "q".into();
    other["metadata"]["uid"] = "q".into();
    other["spec"]["steps"][0]["workload"]["name"] = "web".into();
    first
        .change("09:00:12", "cora", "TeamReadiness", |t| {
            t["spec"]["workloads"].as_array_mut().expect("a list").push(json!({"kind": "Deployment", "name": "web"}));
        })
        .write("09:00:12", "ci", "Deployment", deployment("web", "2"))
        .write("09:00:13", "lena", "CoordinatedRelease", other)
        .grant("09:00:14", DIGEST)
        .let_go("09:00:15")
}

/// The policies are gone, those that hold before all.
fn uninstalled() -> Story {
    signed()
        .write(
            "08:50:00",
            "anna",
            "MutatingAdmissionPolicyBinding",
            json!({"metadata": {"name": "hold-deployment.rollcall.dev"}}),
        )
        .gone("08:58:00", "MutatingAdmissionPolicyBinding")
        .gone("08:58:00", "ValidatingAdmissionPolicy")
}

#[test]
fn an_uninstallation_lets_everything_go_after_it_took_the_policies_away() {
    let dropped = |story: Story| all(&story.dropped("09:00:10").0).iter().any(|v| v.property == "S9");
    assert!(!dropped(uninstalled()));
    assert!(dropped(signed()), "nobody uninstalled anything");
    assert!(dropped(signed().gone("08:58:00", "ValidatingAdmissionPolicy")), "what holds is there still");
}

#[test]
fn nothing_is_wrong_with_what_went_as_it_should() {
    let found = all(&signed().went().0);
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn each_broken_history_is_found_to_be_broken() {
    let missed: Vec<_> = BROKEN
        .iter()
        .map(|(property, what, story)| (property, what, all(&story().0)))
        .filter(|(property, _, found)| !found.iter().any(|v| v.property == **property))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn every_property_is_broken_somewhere() {
    let unbroken: Vec<&str> =
        PROPERTIES.iter().map(|p| p.id).filter(|id| !BROKEN.iter().any(|(property, ..)| property == id)).collect();
    assert!(unbroken.is_empty(), "{unbroken:?}");
}

#[test]
fn the_page_of_properties_is_current() {
    let histories = |id: &str| -> Vec<String> {
        BROKEN.iter().filter(|(property, ..)| *property == id).map(|(_, what, _)| (*what).to_owned()).collect()
    };
    let fresh = page(|id| [histories(id), proof::mutants::of(id)].concat());
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/properties.md");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &fresh).expect("the page can be written");
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == fresh, "docs/properties.md is out of date: UPDATE_GOLDEN=1 cargo test -p proof writes it again");
}
