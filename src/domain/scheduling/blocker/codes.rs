//! The closed list of codes, each with its gate.

use std::fmt;

/// The closed list of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RC{:03}", self.0)
    }
}

/// The gates, in the order in which people are told; also the values of the metric label `gate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    Paused,
    Accepted,
    HoldEnforced,
    Window,
    Capacity,
    SignOff,
    Check,
    Order,
    Content,
    Failure,
}

impl Gate {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Accepted => "accepted",
            Self::HoldEnforced => "hold",
            Self::Window => "window",
            Self::Capacity => "capacity",
            Self::SignOff => "signoff",
            Self::Check => "check",
            Self::Order => "order",
            Self::Content => "content",
            Self::Failure => "failure",
        }
    }
}

/// Every code with its gate and what it means, for `rollcall explain` and the reference page.
pub const CODES: &[(Code, Gate, &str)] = &[
    (
        Code(1),
        Gate::Paused,
        "The release is paused: spec.paused is true. No further step starts until it is false again.",
    ),
    (
        Code(2),
        Gate::Paused,
        "Everything is stopped: the ConfigMap rollcall-stop exists in the operator's namespace. Nothing is let go or rolled back until it is deleted.",
    ),
    (
        Code(10),
        Gate::Accepted,
        "The release contradicts itself or names what is not there. The message names each field.",
    ),
    (Code(11), Gate::Accepted, "A participant's TeamReadiness does not exist."),
    (Code(12), Gate::Accepted, "A participant's TeamReadiness is itself invalid, so nothing it says counts."),
    (Code(13), Gate::Accepted, "A team has not consented to what the release would do with its workloads."),
    (Code(14), Gate::Accepted, "A step names a workload that its team does not list."),
    (Code(15), Gate::Accepted, "Another release was there first and claims the same workload."),
    (
        Code(18),
        Gate::Accepted,
        "Whoever wrote a TeamReadiness may not patch a workload that it lists, so rollcall does not on their behalf.",
    ),
    (
        Code(20),
        Gate::HoldEnforced,
        "An admission policy of rollcall is missing or altered. Nothing is released until it is back.",
    ),
    (
        Code(21),
        Gate::HoldEnforced,
        "The workload does not carry the gate label of its team, so nothing would hold its changes.",
    ),
    (
        Code(22),
        Gate::HoldEnforced,
        "The API server does not let rollcall touch the workload. It is tried again every half minute.",
    ),
    (
        Code(30),
        Gate::Window,
        "The clock of the operator's machine and the API server's differ by more than two seconds.",
    ),
    (Code(31), Gate::Window, "The release says notBefore, and it is earlier than that."),
    (Code(32), Gate::Window, "No Allow window of some tier is open."),
    (Code(33), Gate::Window, "A Freeze is in force."),
    (
        Code(34),
        Gate::Window,
        "A window that governs the step is invalid or missing. An invalid Freeze closes what it governs; an invalid Allow adds nothing.",
    ),
    (Code(35), Gate::Window, "The opening ends before the step could be done."),
    (Code(36), Gate::Window, "The window spreads the starts of an opening, and the turn has not come."),
    (Code(41), Gate::Capacity, "A shared resource that the step requires is in use."),
    (Code(42), Gate::Capacity, "The team already has as many steps under way as it can handle."),
    (Code(43), Gate::Capacity, "The step requires more of a shared resource than there is."),
    (Code(44), Gate::Capacity, "As many releases as the window lets be under way at once are."),
    (Code(45), Gate::Capacity, "As many steps as the window lets start in one opening have started."),
    (Code(51), Gate::SignOff, "A required sign-off is missing."),
    (Code(52), Gate::SignOff, "A sign-off is for other content than would ship now."),
    (Code(53), Gate::SignOff, "Somebody said NoGo."),
    (Code(54), Gate::SignOff, "A sign-off is older than the team lets it count."),
    (Code(55), Gate::SignOff, "A sign-off comes from somebody whose word does not count here."),
    (
        Code(61),
        Gate::Check,
        "The team requires a check that cannot be run as it is written: it names what nobody defined, or what rollcall may not read.",
    ),
    (Code(62), Gate::Check, "A check of the team does not pass now. It is asked again."),
    (Code(63), Gate::Check, "A check of the team has not answered, or its answer is too old to count."),
    (Code(64), Gate::Check, "A check of the team says no."),
    (Code(71), Gate::Order, "A step that must come first is not done."),
    (Code(72), Gate::Order, "A step that must come first is done, and has not soaked long enough."),
    (Code(73), Gate::Order, "A step that must come first has failed."),
    (Code(81), Gate::Content, "The workload does not exist (yet)."),
    (Code(82), Gate::Content, "The content that the step expects has not arrived."),
    (Code(83), Gate::Content, "The release is new, and the workload's change may still be on its way."),
    (Code(84), Gate::Content, "The content was released, and its author keeps the workload paused."),
    (
        Code(85),
        Gate::Content,
        "This very content was rolled back before, and no word of the team and no override says that it may go again.",
    ),
    (Code(86), Gate::Order, "A person's task is due, and nobody of the team has said that it is done."),
    (Code(87), Gate::Check, "The step is released, and a check that must pass then has not answered."),
    (Code(88), Gate::Failure, "The step is released, and a check that must pass from then on does not."),
    (Code(91), Gate::Failure, "The step failed."),
    (Code(92), Gate::Failure, "The step was not done within its timeout."),
    (Code(93), Gate::Failure, "Another step failed, so no further step starts."),
    (
        Code(94),
        Gate::Failure,
        "The release is rolled back in reverse order, and a step that was released later has yet to be.",
    ),
    (Code(95), Gate::Failure, "The former version was put back and is not healthy. Nothing beneath it is rolled back."),
    (
        Code(96),
        Gate::Failure,
        "The step stays on its new version: it cannot be undone, or a step that comes after it cannot.",
    ),
    (Code(97), Gate::Failure, "Somebody else is rolling the workload back."),
    (
        Code(98),
        Gate::Failure,
        "The step would be rolled back, and its team does not let this release do that, or another release has taken it over.",
    ),
    (
        Code(99),
        Gate::Window,
        "A window closed while the release was under way, and says that it then halts or is rolled back.",
    ),
];
