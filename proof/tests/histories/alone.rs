//! Changes that go by themselves, as they may and otherwise.

use proof::properties::all;
use serde_json::json;

use super::{OPERATOR, Story, signed};

/// The release claims what it names.
pub fn accepted() -> Story {
    signed().change("08:57:30", OPERATOR, "CoordinatedRelease", |r| {
        r["status"]["acceptedAt"] = "2027-01-12T08:57:30Z".into();
        r["status"]["conditions"] = json!([{"type": "Accepted", "status": "True"}]);
    })
}

/// Somebody has stopped everything.
pub fn stopped() -> Story {
    let stop = json!({"metadata": {"namespace": "rollcall-system", "name": "rollcall-stop"}});
    signed().write("08:57:10", "anna", "ConfigMap", stop)
}

impl Story {
    pub fn api_alone(self, time: &str) -> Self {
        self.change(time, OPERATOR, "Deployment", |d| {
            d["metadata"]["annotations"] = json!({"rollcall.dev/released": "independent windows-open"});
            d["spec"].as_object_mut().expect("a spec").remove("paused");
        })
    }
}

#[test]
fn a_change_of_no_release_may_go_in_its_windows() {
    let found = all(&signed().gone("08:57:30", "CoordinatedRelease").api_alone("09:00:11").0);
    assert!(found.is_empty(), "{found:#?}");
}
