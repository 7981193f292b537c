use std::collections::BTreeSet;

use super::*;
use crate::domain::names::Kind;
use crate::domain::scheduling::decide;
use crate::domain::scheduling::decide::tests::codes::cases;
use crate::domain::scheduling::fixtures::{name, ready, told};
use crate::domain::workload::Progress;

/// What nobody can tell before it is so; what another step does; and what is on its way back.
const UNTOLD: [u16; 12] = [11, 12, 71, 73, 81, 82, 93, 94, 95, 96, 97, 98];

/// A blocker of `shop`.
fn of_shop(cause: Cause) -> Blocker {
    Blocker { step: Some("shop".into()), cause, until: None }
}

/// Nothing is supposed of it, and nothing is changed.
#[track_caller]
fn cannot_be_told(s: &Situation, blocker: &Blocker) {
    let mut supposed = s.clone();
    assert!(!cleared(&mut supposed, blocker), "{blocker:?}");
    assert_eq!(format!("{supposed:?}"), format!("{s:?}"), "{blocker:?}");
}

/// As often as the code is said, which is once for each action without consent, and for each step on its own.
#[test]
fn whatever_can_be_in_the_way_is_gone_once_it_is_supposed_to_be() {
    let mut untold = BTreeSet::new();
    for (code, given) in cases() {
        let mut s = given.0;
        for _ in 0..2 {
            let said = decide(&s).blockers.into_iter().find(|b| b.cause.code().0 == code);
            let Some(blocker) = said else { break };
            if UNTOLD.contains(&code) {
                cannot_be_told(&s, &blocker);
                untold.insert(code);
            } else {
                assert!(cleared(&mut s, &blocker), "RC{code:03}");
                assert!(!decide(&s).blockers.contains(&blocker), "RC{code:03}");
            }
        }
        let still = decide(&s).blockers.iter().any(|b| b.cause.code().0 == code);
        assert_eq!(still, UNTOLD.contains(&code), "RC{code:03}: {:?}", told(&decide(&s)));
    }
    assert_eq!(untold, UNTOLD.into());
}

#[test]
fn what_a_release_uses_itself_is_not_taken_from_it() {
    let given = ready().requires("data", "db", 1).requires("shop", "db", 1);
    let given = given.released("data", "08:59:00", Progress::NotObserved);
    let blocker = decide(&given.0).blockers.remove(0);
    assert!(matches!(blocker.cause, Cause::ResourceTaken { .. }), "{blocker:?}");
    cannot_be_told(&given.0, &blocker);
}

#[test]
fn what_is_not_enough_is_more_where_it_was_looked_for_and_nowhere_else() {
    let skilled = ready().requires("shop", "dba", 2).team("shop", |t| t.skills.extend([("dba".into(), 1)]));
    let mut supposed = skilled.0.clone();
    assert!(cleared(&mut supposed, &decide(&skilled.0).blockers[0]));
    assert!(decide(&supposed).blockers.is_empty());
    assert!(supposed.resources.is_empty(), "it is the team's own");
}

#[test]
fn of_what_does_not_exist_nothing_is_supposed() {
    let (s, nobody) = (ready().0, name("nobody"));
    let workload = WorkloadName { kind: Kind::Job, namespace: "shop".into(), name: "none".into() };
    cannot_be_told(&s, &of_shop(Cause::TeamBusy { team: nobody.clone(), limit: 1 }));
    cannot_be_told(&s, &of_shop(Cause::WasRolledBack { workload, team: nobody }));
    cannot_be_told(&s, &of_shop(Cause::WindowBroken { window: "platform/none".into(), fault: "no zone".into() }));
    cannot_be_told(&s, &of_shop(Cause::Soaking { step: "none".into() }));
}
