//! What is known to differ. Each entry is in the README, too.

use serde_json::Value;

use super::answers::Answer;
use super::generate::Step;

/// Whether two answers say the same, but for what is known.
pub fn are_alike(_step: &Step, real: &Answer, ours: &Answer) -> bool {
    if real.code != ours.code {
        return false;
    }
    if real.code >= 400 {
        return refusal(&real.body) == refusal(&ours.body);
    }
    real.body == ours.body
}

/// Of a refusal: the reason, what it is about, and which fields are wrong in which way. Texts are for people.
fn refusal(body: &Value) -> (Value, Value, Vec<(Value, Value)>) {
    let details = &body["details"];
    let causes = details["causes"].as_array().into_iter().flatten();
    let mut causes: Vec<(Value, Value)> = causes.map(|c| (c["field"].clone(), c["reason"].clone())).collect();
    // Which part of a Job's template cannot be changed is told differently.
    for (field, _) in &mut causes {
        if *field == "spec.template.spec" {
            *field = "spec.template".into();
        }
    }
    causes.sort_by_key(|(field, reason)| format!("{field}{reason}"));
    causes.dedup();
    let about = serde_json::json!([details["name"], details["group"], details["kind"]]);
    (body["reason"].clone(), about, causes)
}
