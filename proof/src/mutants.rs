//! Mistakes made on purpose in the product's sources: historical ones, and each property inverted. `make mutants`
//! makes one after the other in a copy of the sources and expects a red test each time.

/// Which tests are expected to turn red.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tests {
    /// Those of the library.
    Unit,
    /// Stories, crash sweeps and some seeds.
    Simulation,
}

/// One mistake.
#[derive(Debug)]
pub struct Mutant {
    pub name: &'static str,
    /// The properties that it breaks.
    pub breaks: &'static [&'static str],
    pub file: &'static str,
    /// What stands there, once, and what stands there instead.
    pub from: &'static str,
    pub to: &'static str,
    pub tests: Tests,
}

const fn unit(
    name: &'static str,
    breaks: &'static [&'static str],
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Mutant {
    Mutant { name, breaks, file, from, to, tests: Tests::Unit }
}

const fn simulated(
    name: &'static str,
    breaks: &'static [&'static str],
    file: &'static str,
    from: &'static str,
    to: &'static str,
) -> Mutant {
    Mutant { name, breaks, file, from, to, tests: Tests::Simulation }
}

const GATES: &str = "src/domain/scheduling/gates.rs";
const CAPACITY: &str = "src/domain/scheduling/capacity.rs";
const PROGRESS: &str = "src/domain/scheduling/progress.rs";
const WITHDRAWAL: &str = "src/domain/scheduling/withdrawal.rs";
const DECIDE: &str = "src/domain/scheduling/decide.rs";
const SITUATION: &str = "src/domain/scheduling/situation.rs";
const READINESS: &str = "src/domain/readiness/mod.rs";
const ROLLBACK: &str = "src/domain/scheduling/rollback.rs";
const INDEPENDENT: &str = "src/domain/scheduling/independent.rs";
const AHEAD: &str = "src/cluster/ahead.rs";
const RAN: &str = "src/cluster/workloads/ran.rs";
const SHIPPED: &str = "src/domain/scheduling/shipped.rs";
const ACT: &str = "src/controllers/release/act.rs";
const RELEASE: &str = "src/controllers/release/mod.rs";
const TOUCH: &str = "src/controllers/release/touch.rs";
const REPORT: &str = "src/controllers/release/report.rs";
const HOLD: &str = "src/controllers/hold.rs";
const WORLD: &str = "src/controllers/world.rs";
const WRITES: &str = "src/cluster/writes.rs";
const PATCHES: &str = "src/cluster/workloads/patches.rs";
const DEPLOYMENT: &str = "src/cluster/workloads/deployment.rs";

/// All of them.
pub const MUTANTS: &[Mutant] = &[
    unit("a stop is not looked at", &["S5"], GATES, "if s.release.paused {", "if false {"),
    unit("a missing policy stops nothing", &["S9"], GATES, "if !s.policies_missing.is_empty() {", "if false {"),
    unit("a wrong clock stops nothing", &["S4"], GATES, "= s.skew {", "= s.skew.filter(|_| false) {"),
    unit(
        "notBefore is not looked at",
        &["S4"],
        GATES,
        "not_before.filter(|t| s.now < *t)",
        "not_before.filter(|_| false)",
    ),
    unit("what went under an override excuses words", &["S3"], GATES, "&& g.overridden.is_none()", ""),
    unit("what went with other content excuses words", &["S3"], GATES, "g.digest == digest &&", ""),
    unit("an opening may be too short", &["S4"], GATES, "if left < need {", "if false {"),
    unit(
        "a step that still moves counts as done",
        &["S7"],
        GATES,
        "StepState::Done => {}",
        "StepState::Done | StepState::Progressing => {}",
    ),
    unit(
        "a step that soaks counts as done",
        &["S7"],
        GATES,
        "StepState::Soaking => {",
        "StepState::Soaking if false => {",
    ),
    unit("the last one is given twice", &["S2"], CAPACITY, "used.saturating_add(*wanted) > exists", "used > exists"),
    unit("one step more than a team can follow", &["S2"], CAPACITY, ".count() >= limit", ".count() > limit"),
    unit(
        "what was granted does not count as in use",
        &["S2"],
        CAPACITY,
        "StepState::Granted | StepState::Progressing",
        "StepState::Progressing",
    ),
    unit(
        "a grant counts for a re-created workload",
        &["S3", "S6"],
        PROGRESS,
        "|g| g.uid == workload.uid && g.template == workload.template",
        "|g| g.template == workload.template",
    ),
    unit(
        "a grant counts for other content",
        &["S1", "S3"],
        PROGRESS,
        "|g| g.uid == workload.uid && g.template == workload.template",
        "|g| g.uid == workload.uid",
    ),
    unit(
        "a grant counts for another version",
        &["S1"],
        WITHDRAWAL,
        "workload.hold.is_held() && g.version == workload.version",
        "workload.hold.is_held()",
    ),
    unit("a grant counts for another digest", &["S3"], WITHDRAWAL, ".filter(|g| g.digest == digest)", ""),
    unit("a grant counts for ever", &["S1"], WITHDRAWAL, "end.filter(|end| s.now < *end)", "end"),
    unit(
        "what ran out is forgotten before it is taken back",
        &["S1", "S2", "S12"],
        WITHDRAWAL,
        "None => decision.acts.push(Act::Withdraw {",
        "None => drop(Act::Withdraw {",
    ),
    unit("two grants that meet wait for each other", &["S2", "L1"], WITHDRAWAL, "(at, &u.release) < ours", "false"),
    unit("what has not soaked stays done", &["S7"], PROGRESS, "is_some_and(|f| s.now >= f + step.soak)", "is_some()"),
    unit("nobody waits for the last manifest", &["S7"], PROGRESS, "if s.now < settled {", "if false {"),
    unit(
        "what nobody has observed is done",
        &["S7"],
        PROGRESS,
        "Progress::Progressing(_) if was_done =>",
        "Progress::Progressing(_) if true =>",
    ),
    unit(
        "a blocker blocks nothing",
        &["S1", "S4", "S5", "S10"],
        DECIDE,
        "if answers.block(&step.name) {",
        "if false {",
    ),
    unit("a re-created release keeps its words", &["S3"], DECIDE, "\"uid\": s.release.uid", "\"uid\": \"\""),
    unit("two steps take the same", &["S2"], DECIDE, "under_way.push(capacity::use_of(s, step));", ""),
    unit("nobody looks again", &["L2"], DECIDE, "at.filter(|at| *at > self.now)", "at.filter(|_| false)"),
    unit("consent to one thing is consent to all", &["S10"], SITUATION, "&& c.actions.contains(&action)", ""),
    unit(
        "consent to one namespace is consent to all",
        &["S10"],
        SITUATION,
        "c.namespace == release.namespace",
        "!release.namespace.is_empty()",
    ),
    unit("a word for other content counts", &["S3"], READINESS, "if sign_off.digest != digest {", "if false {"),
    unit("a NoGo counts as a Go", &["S3"], READINESS, "if !sign_off.go {", "if false {"),
    unit("nobody's word counts", &["S13"], READINESS, "if by.is_empty() {", "if false {"),
    unit("a word counts for ever", &["S3"], READINESS, "if now >= until {", "if false {"),
    unit("whoever wrote it signs it", &["S3"], READINESS, "if rules.no_self_approval &&", "if false &&"),
    unit(
        "a machine counts as a human",
        &["S13"],
        READINESS,
        "if requirement.require_human && machine",
        "if false && machine",
    ),
    unit("a Go outweighs a NoGo", &["S3"], READINESS, "people.clear();\n", "\n"),
    unit(
        "what had not gone goes by itself after its release went back",
        &["S7"],
        ROLLBACK,
        "if matches!(outcome, Outcome::RolledBack { .. }) {",
        "if false {",
    ),
    unit(
        "what is held over what went back goes by itself",
        &["S7"],
        ROLLBACK,
        "matches!(back, Back::Untouched | Back::Done)",
        "*back == Back::Untouched",
    ),
    unit(
        "a step goes back while what builds on it may still go",
        &["S7"],
        ROLLBACK,
        "Shipped::Never if usable(record, workload).is_some() => Back::Granted,",
        "",
    ),
    unit(
        "a rollback goes to what the release itself had let go",
        &["S11"],
        SHIPPED,
        "Some((grant.former.as_ref(), all))",
        "None.filter(|_: &(_, Vec<Replaced>)| all.is_empty())",
    ),
    unit(
        "a rollback goes to what was only stored over a hold",
        &["S11"],
        RAN,
        "    !revision.made_held\n",
        "    true\n",
    ),
    unit(
        "a job that is cleaned up keeps nothing where it is",
        &["S7"],
        ROLLBACK,
        "if name.kind == Kind::Job && counted(s, &step.name).is_some() {",
        "if false && counted(s, &step.name).is_some() {",
    ),
    unit(
        "a job that is cleaned up has to be signed for again",
        &["L1"],
        PROGRESS,
        "name.kind == Kind::Job && record.finished.is_some()",
        "false",
    ),
    unit(
        "what was rolled back goes by itself if its pods are gone for a while",
        &["S7"],
        INDEPENDENT,
        "    if change.workload.was_rolled_back() {",
        "    if change.workload.runs_already {\n        return Answer::LetGo(LetGo::TakenBack);\n    }\n    if change.workload.was_rolled_back() {",
    ),
    unit(
        "what a release had let go before its last content goes by itself",
        &["S7"],
        SHIPPED,
        "std::iter::once(last).chain(earlier)",
        "std::iter::once(last).chain(earlier).take(1)",
    ),
    unit(
        "what is remembered as held back goes all the same",
        &["S7"],
        INDEPENDENT,
        "if change.workload.was_held_back() {",
        "if false {",
    ),
    unit("a change of its own ignores windows", &["S4"], INDEPENDENT, "if causes.is_empty() {", "if true {"),
    unit("a change of its own waits for nobody to claim it", &["S1"], INDEPENDENT, "if now < settled {", "if false {"),
    unit("what its controller has not observed is done", &["S7"], DEPLOYMENT, "if !object.observed() {", "if false {"),
    unit(
        "half a rollout is done",
        &["S7"],
        DEPLOYMENT,
        "updated == wanted && available == wanted && all == wanted",
        "available == wanted",
    ),
    unit(
        "a workload is let go in whatever version",
        &["S1", "S6", "S12"],
        PATCHES,
        "vec![json!({\"op\": \"test\", \"path\": \"/metadata/resourceVersion\", \"value\": workload.version.as_str()})]",
        "Vec::new()",
    ),
    unit(
        "a fresh read is forgotten",
        &["S7", "S11"],
        AHEAD,
        "self.known.insert(key, Known { version, list: self.list });",
        "drop((key, version));",
    ),
    unit(
        "an answer that came late outweighs the watch",
        &["S7", "S11"],
        AHEAD,
        "self.shown.as_ref().is_some_and(|shown| version > shown)",
        "true",
    ),
    unit("what was read hides what is listed later", &["L1"], AHEAD, "known.list != self.list", "false"),
    unit(
        "what two may have granted goes at the first look",
        &["S2", "S12"],
        ACT,
        ".filter(|act| !looks_once_more(situation, act))",
        "",
    ),
    simulated(
        "what the watch has yet to show is nothing to release",
        &["S11"],
        RELEASE,
        "|| finds_nothing_to_release(release, decision)",
        "",
    ),
    unit("a release ends on what the watch has shown so far", &["S7"], RELEASE, "|| decision.outcome.is_final()", ""),
    unit(
        "a grant is given up on what the watch has shown so far",
        &["S2"],
        RELEASE,
        "|| grants.any(|(step, _)| given_up(situation, step).is_some())",
        "",
    ),
    unit(
        "it decides on a single reading",
        &["S1"],
        "src/controllers/release/in_a_row.rs",
        "let same = now == self.last;",
        "let same = true;",
    ),
    unit(
        "a grant is written over whatever is there",
        &["S1b", "S12"],
        WRITES,
        "{\"op\": \"replace\", \"path\": \"/metadata/resourceVersion\", \"value\": version.as_str()},",
        "",
    ),
    simulated(
        "it judges a status that it has overwritten",
        &["S6", "L7"],
        RELEASE,
        "!world.stores.releases.is_fresh(key) ||",
        "",
    ),
    unit(
        "a grant is carried out however late",
        &["S1"],
        TOUCH,
        "from_wire(&grant.at)? + GRANT_VALIDITY",
        "from_wire(&grant.at)? + GRANT_VALIDITY * 1_000",
    ),
    simulated("it writes what has not changed", &["L7"], REPORT, "if status == release.status {", "if false {"),
    simulated(
        "it says that it has seen nothing",
        &["S11", "L6"],
        REPORT,
        "observed_generation: Some(release.meta.generation),\n        digest",
        "observed_generation: Some(0),\n        digest",
    ),
    unit(
        "a policy that is gone is not missed",
        &["S9"],
        HOLD,
        "missing.extend(trouble(policy, found.as_ref().map(|found| &found.spec)));",
        "let _ = found;",
    ),
    simulated(
        "a change of a workload wakes no release",
        &["L1", "L3"],
        WORLD,
        "self.wake_releases(BY_WORKLOAD, &index);",
        "",
    ),
    simulated(
        "a change of a team wakes no release",
        &["L1"],
        WORLD,
        "self.wake_releases(BY_TEAM, &key.to_string());",
        "",
    ),
];

/// The names of the mutants that break a property.
#[must_use]
pub fn of(property: &str) -> Vec<String> {
    MUTANTS.iter().filter(|m| m.breaks.contains(&property)).map(|m| m.name.to_owned()).collect()
}
