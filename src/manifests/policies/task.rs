//! A person's tasks: who says that one is done. It takes the verb `signoff` on the team: whoever answers for the team
//! answers for its tasks.

use serde_json::Value;

use super::words::{Says, TEAM, Words};

/// The guard and the stamp with their bindings.
pub(super) fn policies() -> Vec<Value> {
    let words = Words {
        name: "task",
        list: "tasksDone",
        speakers: "doers",
        // A step contains no slash.
        key: |entry| format!("{entry}.?step.orValue('') + '/' + {entry}.?release.orValue('')"),
        apart: "k == 'by'",
        binding: None,
        more: Vec::new(),
        refuses: Vec::new(),
        says: Says {
            may_not: format!("say for {TEAM} that a task is done"),
            first: |list| {
                format!("{{variables.{list}[0].?step.orValue('')}} of {{variables.{list}[0].?release.orValue('')}}")
            },
            others: |first| {
                format!("somebody else said in {TEAM} that task {first} is done. Take it back, and say it yourself")
            },
            unstamped: |first| format!("the task {first} in {TEAM} was not stamped with whoever did it"),
        },
        audit: Vec::new(),
    };
    words.policies()
}
