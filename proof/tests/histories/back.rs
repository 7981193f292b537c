//! A release of a backend and its frontend that goes back, as it should and otherwise.

use proof::properties::all;
use serde_json::{Value, json};

use super::{DIGEST, OPERATOR, Story, deployment, signed};

/// A release of a backend and the frontend that builds on it. The backend runs, the frontend is held and granted.
pub fn frontend_held() -> Story {
    let story = signed()
        .change("08:58:00", "cora", "TeamReadiness", |t| {
            t["spec"]["workloads"] =
                json!([{"kind": "Deployment", "name": "api"}, {"kind": "Deployment", "name": "web"}]);
        })
        .change("08:58:00", "lena", "CoordinatedRelease", |r| {
            r["spec"]["steps"].as_array_mut().expect("steps").push(json!({"name": "web", "participant": "core",
                "dependsOn": ["api"], "workload": {"kind": "Deployment", "name": "web"}}));
        })
        .grant("09:00:10", DIGEST)
        .let_go("09:00:11")
        .runs("09:01:00")
        .write("08:59:00", "ci", "Deployment", deployment("web", "2"));
    let web = story.newest("Deployment");
    let grant = json!({"format": 1, "at": "2027-01-12T09:01:29Z", "digest": DIGEST, "template": "sha256:w",
        "workloadUid": "uid-web", "workloadVersion": web["metadata"]["resourceVersion"]});
    story.change("09:01:29", OPERATOR, "CoordinatedRelease", |r| {
        r["status"]["steps"][0]["state"] = "Done".into();
        let step = json!({"name": "web", "state": "Granted", "grant": grant});
        r["status"]["steps"].as_array_mut().expect("steps").push(step);
    })
}

/// As [`frontend_held`], and both have gone.
pub fn both_went() -> Story {
    frontend_held().frontend_goes("09:01:30")
}

impl Story {
    pub fn named(&self, name: &str) -> Value {
        let newest =
            self.0.entries.iter().rev().find(|e| e.kind == "Deployment" && e.object["metadata"]["name"] == name);
        newest.expect("it was written").object.as_ref().clone()
    }

    pub fn writes(self, time: &str, name: &str, change: impl FnOnce(&mut Value)) -> Self {
        let mut object = self.named(name);
        change(&mut object);
        self.write(time, OPERATOR, "Deployment", object)
    }

    pub fn frontend_goes(self, time: &str) -> Self {
        self.writes(time, "web", |d| {
            d["metadata"]["annotations"] = json!({"rollcall.dev/released": "release releases/r step web digest one"});
            d["spec"].as_object_mut().expect("a spec").remove("paused");
        })
    }

    pub fn goes_back(self, time: &str, name: &str) -> Self {
        self.writes(time, name, |d| {
            d["metadata"]["annotations"]["rollcall.dev/rollback"] = format!("releases/r {name} r").into();
            d["spec"]["template"]["spec"]["containers"][0]["image"] = "app:1".into();
        })
    }

    /// Its former content is healthy, and it is pinned no more.
    pub fn back(self, time: &str, name: &str) -> Self {
        self.writes(time, name, |d| {
            d["metadata"]["annotations"].as_object_mut().expect("annotations").remove("rollcall.dev/rollback");
        })
    }

    /// The release has ended, and nothing of it is out any more.
    pub fn went_back(self, time: &str) -> Self {
        let begun = |r: &mut Value| r["status"]["rollback"] = json!({"since": "2027-01-12T09:01:30Z"});
        self.change(time, OPERATOR, "CoordinatedRelease", begun)
            .change(time, OPERATOR, "CoordinatedRelease", |r| r["status"]["finished"] = true.into())
    }

    /// The frontend goes by itself.
    pub fn alone(self, time: &str) -> Self {
        self.writes(time, "web", |d| {
            d["metadata"]["annotations"] = json!({"rollcall.dev/released": "independent windows-open"});
            d["spec"].as_object_mut().expect("a spec").remove("paused");
        })
    }
}

/// The backend runs its first version, goes twice in one release, and is put back to some image.
pub fn put_back_to(image: &str) -> Story {
    let ran = |d: &mut Value| d["spec"]["template"]["spec"]["containers"][0]["image"] = "app:1".into();
    let free = |d: &mut Value| {
        ran(d);
        d["metadata"]["annotations"] = json!({});
        d["spec"].as_object_mut().expect("a spec").remove("paused");
    };
    let held = |image: &'static str| {
        move |d: &mut Value| {
            d["metadata"]["annotations"] = json!({"rollcall.dev/hold": "policy"});
            d["spec"]["paused"] = true.into();
            d["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
        }
    };
    signed()
        .change("08:57:10", "ci", "Deployment", free)
        .runs("08:57:20")
        .change("08:57:30", "ci", "Deployment", held("app:2"))
        .grant("09:00:10", DIGEST)
        .let_go("09:00:11")
        .runs("09:01:00")
        .change("09:01:10", "ci", "Deployment", held("app:3"))
        .grant("09:02:10", "sha256:two")
        .let_go("09:02:11")
        .runs("09:03:00")
        .change("09:04:00", OPERATOR, "Deployment", |d| {
            d["metadata"]["annotations"]["rollcall.dev/rollback"] = "releases/r api r".into();
            d["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
        })
        .back("09:04:10", "api")
        .change("09:04:11", OPERATOR, "CoordinatedRelease", |r| r["status"]["steps"][0]["state"] = "RolledBack".into())
        .went_back("09:04:12")
}

#[test]
fn what_is_put_back_to_what_ran_before_its_release_is_said_to_be_back() {
    let wrong = |story: Story| all(&story.0).iter().any(|v| v.what.contains("put back to something else"));
    assert!(!wrong(put_back_to("app:1")));
    assert!(wrong(put_back_to("app:2")));
}

#[test]
fn what_goes_back_in_the_reverse_order_breaks_no_rule_of_order() {
    let in_order = || both_went().goes_back("09:02:00", "web").back("09:02:10", "web").goes_back("09:02:11", "api");
    let held = || frontend_held().goes_back("09:01:30", "api").back("09:02:00", "api").went_back("09:02:01");
    let again = |story: Story| {
        story.writes("09:03:00", "web", |d| d["spec"]["template"]["spec"]["containers"][0]["image"] = "app:3".into())
    };
    for (what, story) in
        [("in order", in_order()), ("held", held()), ("other content", again(held()).alone("09:04:00"))]
    {
        let found: Vec<_> = all(&story.0).into_iter().filter(|v| v.property == "S7").collect();
        assert!(found.is_empty(), "{what}: {found:#?}");
    }
}
