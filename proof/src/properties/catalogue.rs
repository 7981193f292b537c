//! Every property: what it means, where it is checked, and what kills it.

use super::{Check, liveness, safety, touch, truth};

/// Where a property is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Where {
    /// On every decision, over situations that nobody wrote (`src/domain/scheduling/properties`).
    Decisions,
    /// In every state of the model (`proof/src/model`).
    Model,
    /// On every history of stories, seeds and crash sweeps.
    Simulation,
    /// On what an independent recorder saw of a real API server.
    Live,
}

impl Where {
    fn as_str(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Model => "model",
            Self::Simulation => "simulation",
            Self::Live => "live",
        }
    }
}

/// One property.
pub struct Property {
    pub id: &'static str,
    pub name: &'static str,
    /// In one sentence, for people.
    pub meaning: &'static str,
    pub checked: &'static [Where],
    pub check: Check,
}

use Where::{Decisions, Live, Model, Simulation};

/// All of them, in order.
pub const PROPERTIES: &[Property] = &[
    Property {
        id: "S1",
        name: "gate soundness",
        meaning: "Behind each release action stands a grant for exactly the version that was held; all gates were open together at one moment after the decision began; and the action came within 5 s of the grant: a later one is refused by the API server itself, even from a process that stood still with it in its hands. What a release claims does not go by itself.",
        checked: &[Decisions, Model, Simulation, Live],
        check: safety::gate_soundness,
    },
    Property {
        id: "S1b",
        name: "revocation point",
        meaning: "A stop stands in the object that the grant writes: no version of a release says both stop and a new grant.",
        checked: &[Model, Simulation, Live],
        check: safety::revocation,
    },
    Property {
        id: "S2",
        name: "exclusion",
        meaning: "No more of a shared resource, a skill or a team's attention is in use than there is.",
        checked: &[Decisions, Model, Simulation, Live],
        check: safety::exclusion,
    },
    Property {
        id: "S3",
        name: "sign-off binding",
        meaning: "A word counts only for the content it was given for: two contents never share a digest, and nothing is granted on a word for another one.",
        checked: &[Decisions, Model, Simulation, Live],
        check: safety::binding,
    },
    Property {
        id: "S4",
        name: "window",
        meaning: "Nothing is granted or let go outside of the windows that govern it, by the API server's time within 2 s, unless an override on record says so; nor does a change that no release claims go by itself outside of them.",
        checked: &[Decisions, Model, Simulation, Live],
        check: safety::window,
    },
    Property {
        id: "S5",
        name: "stop dominates",
        meaning: "A stop of the release or of everything, or the deletion of the release, that was there before a decision began is never overridden by it.",
        checked: &[Decisions, Model, Simulation, Live],
        check: safety::stop,
    },
    Property {
        id: "S6",
        name: "at most once",
        meaning: "The same content of the same workload is let go at most once for the same release and digest, over all crashes, retries and leaders.",
        checked: &[Decisions, Model, Simulation, Live],
        check: safety::at_most_once,
    },
    Property {
        id: "S7",
        name: "order",
        meaning: "No step goes before each step that it depends on is done: its workload free, running all that is stored by its controller's word for the newest generation, and soaked. None goes back before each step that builds on it is back and healthy, and what had not gone when its release went back goes by itself no more.",
        checked: &[Decisions, Model, Simulation, Live],
        check: safety::order,
    },
    Property {
        id: "S8",
        name: "minimal touch",
        meaning: "rollcall writes the status of its own kinds, Events and leases, and of a workload the switch that holds it and its own marks; it resumes nothing that it did not pause.",
        checked: &[Simulation, Live],
        check: touch::minimal_touch,
    },
    Property {
        id: "S9",
        name: "fail closed",
        meaning: "While a policy is missing or expected content has not arrived nothing goes, and no hold is dropped without a reason on the workload.",
        checked: &[Decisions, Simulation, Live],
        check: safety::fail_closed,
    },
    Property {
        id: "S10",
        name: "tenancy",
        meaning: "Nothing is granted for a workload whose team, in its own namespace, does not list it or does not consent.",
        checked: &[Decisions, Simulation, Live],
        check: safety::tenancy,
    },
    Property {
        id: "S11",
        name: "truthful status",
        meaning: "No step is said to have gone before it went, no release to be finished or ready before all its steps are done; what is said to be rolled back has what ran before the release let anything of it go; the observed generation never goes back; the status is bounded.",
        checked: &[Simulation, Live],
        check: truth::truthful,
    },
    Property {
        id: "S12",
        name: "deposed leader",
        meaning: "S1 to S11 hold for what a process writes after it lost the lease, too.",
        checked: &[Model, Simulation, Live],
        check: safety::deposed,
    },
    Property {
        id: "S13",
        name: "no privilege gain",
        meaning: "A sign-off or an override carries the name of whoever wrote it, and nobody but rollcall writes grants.",
        checked: &[Simulation, Live],
        check: touch::no_privilege,
    },
    Property {
        id: "L1",
        name: "reconciled",
        meaning: "Once it is calm, no step is held whose gates are open and stay open, no change of no release whose windows are, and no release that goes back, with all that it put back healthy, stands still without saying why.",
        checked: &[Model, Simulation],
        check: liveness::reconciled,
    },
    Property {
        id: "L2",
        name: "punctual",
        meaning: "A gate that time alone opens is acted on without any event.",
        checked: &[Decisions, Simulation],
        check: liveness::punctual,
    },
    Property {
        id: "L3",
        name: "crash recovery",
        meaning: "L1 holds after a process ended before, after or instead of seeing the reply to any of its writes.",
        checked: &[Model, Simulation],
        check: liveness::recovers,
    },
    Property {
        id: "L4",
        name: "locks are freed",
        meaning: "Whoever waits for a resource waits for a release that has it under way; nobody waits for the finished or the gone.",
        checked: &[Model, Simulation],
        check: liveness::freed,
    },
    Property {
        id: "L5",
        name: "no orphaned hold",
        meaning: "What is held stands in its team's status, nothing is pinned for a release that is over, and nothing that is to go is kept by rollcall.",
        checked: &[Simulation],
        check: liveness::no_orphan,
    },
    Property {
        id: "L6",
        name: "explained waiting",
        meaning: "A release that does not move names for each thing it waits for the code, whom to ask and what to do.",
        checked: &[Decisions, Simulation],
        check: liveness::explained,
    },
    Property {
        id: "L7",
        name: "quiescence",
        meaning: "Nothing is written that changes nothing, and while nothing happens nothing is asked, the lease apart.",
        checked: &[Simulation],
        check: liveness::quiet,
    },
    Property {
        id: "L8",
        name: "failover",
        meaning: "Another replica leads within lease and retry after a crash, and within a second of a clean stop.",
        checked: &[Simulation],
        check: liveness::fails_over,
    },
];

/// The page of the properties, as Markdown. `killers` names the mutants that each one kills.
#[must_use]
pub fn page(killers: impl Fn(&str) -> Vec<String>) -> String {
    let mut page = String::from(HEAD);
    for property in PROPERTIES {
        let checked: Vec<&str> = property.checked.iter().map(|w| w.as_str()).collect();
        let killed = killers(property.id).join(", ");
        page.push_str(&format!(
            "| **{}** {} | {} | {} | {killed} |\n",
            property.id,
            property.name,
            property.meaning,
            checked.join(", ")
        ));
    }
    page.push_str(TAIL);
    page
}

const HEAD: &str = "# What must always hold

This page is generated from `proof/src/properties/catalogue.rs` (`UPDATE_GOLDEN=1 cargo test -p proof`).

S-properties say what must never happen, under any fault and with any number of replicas that believe they lead.
L-properties say what must happen once the API server answers, some replica leads and nobody edits.

| Property | What it means | Where it is checked | Mutants that it kills |
|---|---|---|---|
";

const TAIL: &str = "
Where:

- **decisions**: on every decision about 2,000 situations that nobody wrote, per change (`src/domain/scheduling/properties`);
- **model**: in every state of a small cluster with three releases, three teams and two leaders (`proof/src/model`);
- **simulation**: on histories of simulated clusters, on which the shipped operator runs. The safety properties are
  judged on every story by `make stories`, and all properties on a sample of the sweep, and on 10,000 random stories by
  `make seeds`, which both are part of `make test`; on every story that is disturbed at any one write or event, and on
  short ones that are disturbed at any two writes, by `make sweep`, which takes hours;
- **live**: on a real control plane, while the operator is killed at each of its writes and while two replicas go
  through lost, late and repeated requests, a pause longer than the lease, and an etcd and an API server that are
  killed; what an independent witness saw there is judged by these predicates (`tests/it/faults`).

A mutant is a mistake made on purpose; `make mutants` makes each one and expects a red test. The list is
`proof/src/mutants.rs` for the product, `proof/src/model/protocol.rs` for the protocol of grants, and
`proof/tests/histories` for histories in which each property is broken.
";
