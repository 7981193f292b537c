//! A team's own changes: whatever is the matter with one workload, and however many there are, the others go on.

use simapi::faults::{Before, Fault, Seen};
use simapi::{Failure, Verb};

use crate::play::{Stage, play};
use crate::sim::OPERATOR;
use crate::stories::wrong;
use crate::story::Story;

const REFUSED: &str = r"# An organisation's policy lets rollcall change nothing that is not tagged.

08:00     operator a starts
08:00     anna opens the shop
08:01     flux applies deployment ui/extra 1 {metadata: {labels: {rollcall.dev/gate: null}}}
08:01     flux applies everything 1
08:02     anna patches team ui/ui {spec: {workloads: [{kind: Deployment, name: extra}, {kind: Deployment, name: admin}, {kind: Deployment, name: web}]}}
08:05     flux applies admin 2
08:05     flux applies web 2
08:10     the end
";

/// Refuses the operator's patches of these Deployments.
struct Policy(&'static [&'static str]);

impl Fault for Policy {
    fn before(&self, seen: &Seen<'_>) -> Before {
        let call = seen.call;
        let touches = call.verb == Verb::Patch && call.plural == "deployments" && call.user.name == OPERATOR;
        if touches && self.0.contains(&call.name.as_str()) {
            return Before::Refuse(Failure::new(422, "Invalid", "it carries no cost centre"));
        }
        Before::Pass
    }
}

#[test]
fn one_workload_that_cannot_be_changed_keeps_none_of_its_team_waiting() {
    let story = Story::parse("refused", REFUSED).expect("a story");
    let played = play(&story, Stage { faults: vec![Box::new(Policy(&["extra", "admin"]))], ..Stage::default() });
    let text = played.told.text(&story.title);
    assert!(wrong(&played).is_empty(), "{:?}\n{text}", wrong(&played));
    for said in [
        "team ui: extra is NotLabelled: the API server refuses the gate label: it carries no cost centre",
        "team ui: admin is Gated: rollcall may not let it go: it carries no cost centre",
        "Deployment ui/web may roll out: independent windows-open",
        "Deployment ui/web runs 2",
    ] {
        assert!(text.contains(said), "nobody says: {said}\n{text}");
    }
    // A refusal is left alone for half a minute, and tells of itself once.
    let tries = played.amount[0];
    assert!(tries < 1_500, "{tries} requests in ten minutes");
}

#[test]
fn a_change_goes_however_many_workloads_went_before_it() {
    let jobs = (0..66).map(|n| format!("08:01 flux applies job ui/migrate-{n:02} 1\n")).collect::<String>();
    let text = format!(
        "# A pipeline leaves its finished Jobs.\n08:00 operator a starts\n08:00 anna opens the shop\n{jobs}\
         08:05 flux applies job ui/z-last 1\n08:10 the end\n"
    );
    let story = Story::parse("crowd", &text).expect("a story");
    let played = play(&story, Stage::default());
    let text = played.told.text(&story.title);
    assert!(wrong(&played).is_empty(), "{:?}\n{text}", wrong(&played));
    for name in ["migrate-00", "migrate-65", "z-last"] {
        assert!(text.contains(&format!("Job ui/{name} may roll out: independent windows-open")), "{name}\n{text}");
    }
}
