//! Every kind that can be held, on the real controllers: held, let go, done, failed, put back; and what surprises
//! people about each.
//!
//! Nothing here ever writes what the operator writes, but where a test says so to look at one write alone.
//!
//! Which test shows what. `rollout` drives every kind from held to done and from held to failed, `undone` from failed
//! to rolled back. The surprises:
//!
//! | Kind | Surprise | Shown by |
//! |---|---|---|
//! | Deployment | an exceeded deadline stays on record while it is held | `pitfalls`: `a_deadline_that_earlier_content_exceeded…` |
//! | | the deadline does not run while it is held | `pitfalls`: `the_deadline_of_a_deployment…` |
//! | | held, it heals and scales what ran before | `readiness::outage`, `uninstall::holding` |
//! | | without a deadline nobody but the step's timeout calls it failed | `decide/tests/progress` |
//! | | a rollback goes to the ReplicaSet that served | `undone` |
//! | StatefulSet | it looks finished to kubectl while it is held | `pitfalls`: `a_held_stateful_set_looks_finished…` |
//! | | lost and added pods are of what ran before | the same |
//! | | after a change midway they are of what ran before *that* | `pitfalls`: `a_stateful_set_that_changes_midway…` |
//! | | a broken pod keeps fix and rollback waiting until it is deleted | `pitfalls` (fix), `undone` (rollback) |
//! | | its author's partition or `OnDelete` comes back | `admission::kinds` |
//! | DaemonSet | pods that are made while it is held are of the held version | `pitfalls`: `a_held_daemon_set_leaks…` |
//! | | kubectl has no status of it while it is held | the same |
//! | | with the pod gate nothing leaks | `pod_gate` |
//! | Job | it cannot be undone, and is made anew instead | `undone`, `release::failure` |
//! | | a Job of Kueue's is not ours to hold | `pitfalls`: `a_job_that_another_controller_starts…` |
//! | CronJob | held, the old version does not run either | `pitfalls`: `a_held_cron_job_does_not_run_at_all…` |
//! | | let go, it catches up on a missed run, unless that is too late | the same |
//! | | its former version is what its newest Job ran | `undone` |
//! | any other | refused by the schema | `input::teams` |
//!
//! Not shown: what other tools make of a held object (kstatus, Argo CD), a StatefulSet's `maxUnavailable`, which changes
//! how fast it rolls out only, and the pod of a new node, which comes about as that of a deleted pod does.

mod objects;
mod pitfalls;
mod pod_gate;
mod rollout;
mod undone;
