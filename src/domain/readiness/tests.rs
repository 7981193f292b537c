use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn lead_must_sign() -> SignOffRules {
    SignOffRules {
        required: vec![Requirement { role: "lead".into(), count: 1, require_human: true }],
        valid_for: TimeDelta::hours(24),
        delegates: BTreeSet::new(),
        no_self_approval: false,
        withdrawal_halts: false,
    }
}

fn go(by: &str) -> SignOff {
    SignOff {
        role: "lead".into(),
        go: true,
        digest: "sha256:now".into(),
        reason: String::new(),
        by: by.into(),
        seen: Some(at("2027-01-12T08:00:00Z")),
    }
}

/// The reasons why the lead's word is lacking, at 09:00, for the content `sha256:now` written by `lena`.
fn check(rules: &SignOffRules, sign_offs: &[SignOff]) -> Vec<WhyLacking> {
    let tally = tally(rules, sign_offs, "sha256:now", Some("lena"), at("2027-01-12T09:00:00Z"));
    assert_eq!(tally.complete(), tally.lacks.is_empty());
    tally.lacks.into_iter().map(|l| l.why).collect()
}

#[test]
fn a_go_for_the_present_content_counts() {
    assert_eq!(check(&lead_must_sign(), &[go("ana")]), []);
}

#[test]
fn nobody_asked_means_nothing_lacks() {
    let rules = SignOffRules { required: vec![], ..lead_must_sign() };
    assert_eq!(check(&rules, &[]), []);
}

#[test]
fn a_missing_sign_off_lacks_as_many_as_are_required() {
    let mut rules = lead_must_sign();
    assert_eq!(check(&rules, &[]), [WhyLacking::Missing { more: 1 }]);
    rules.required[0].count = 2;
    assert_eq!(check(&rules, &[go("ana")]), [WhyLacking::Missing { more: 1 }]);
    assert_eq!(check(&rules, &[go("ana"), go("ana")]), [WhyLacking::Missing { more: 1 }], "one person signs once");
    assert_eq!(check(&rules, &[go("ana"), go("rui")]), []);
}

#[test]
fn a_sign_off_for_other_content_is_stale() {
    let old = SignOff { digest: "sha256:old".into(), ..go("ana") };
    assert_eq!(
        check(&lead_must_sign(), &[old]),
        [WhyLacking::Stale { by: "ana".into(), signed: "sha256:old".into(), changed: vec![] }]
    );
}

#[test]
fn a_no_go_outweighs_any_go() {
    let mut rules = lead_must_sign();
    rules.required[0].count = 1;
    let no = SignOff { go: false, reason: "budget is burnt".into(), ..go("rui") };
    assert_eq!(
        check(&rules, &[go("ana"), no]),
        [WhyLacking::Refused { by: "rui".into(), reason: "budget is burnt".into() }]
    );
}

#[test]
fn a_sign_off_expires_at_the_end_of_its_validity_and_not_before() {
    let rules = lead_must_sign();
    let until = at("2027-01-13T08:00:00Z");
    let just_before = tally(&rules, &[go("ana")], "sha256:now", None, until - TimeDelta::seconds(1));
    assert_eq!((just_before.complete(), just_before.holds_until), (true, Some(until)));
    let then = tally(&rules, &[go("ana")], "sha256:now", None, until);
    assert_eq!(then.lacks[0].why, WhyLacking::Expired { by: "ana".into(), at: until });
}

#[test]
fn a_service_account_does_not_count_as_a_human_unless_it_is_a_delegate() {
    let robot = "system:serviceaccount:flux-system:kustomize-controller";
    let mut rules = lead_must_sign();
    assert!(matches!(check(&rules, &[go(robot)])[..], [WhyLacking::NotTrusted { .. }]));
    rules.delegates.insert(robot.into());
    assert_eq!(check(&rules, &[go(robot)]), []);
}

#[test]
fn the_author_may_not_sign_where_self_approval_is_forbidden() {
    let rules = SignOffRules { no_self_approval: true, ..lead_must_sign() };
    assert!(matches!(check(&rules, &[go("lena")])[..], [WhyLacking::NotTrusted { .. }]));
    assert_eq!(check(&rules, &[go("ana")]), []);
}

#[test]
fn an_unstamped_or_unrecorded_sign_off_does_not_count() {
    assert!(matches!(check(&lead_must_sign(), &[go("")])[..], [WhyLacking::NotTrusted { .. }]));
    let unseen = SignOff { seen: None, ..go("ana") };
    assert_eq!(check(&lead_must_sign(), &[unseen]), [WhyLacking::BeingRecorded { by: "ana".into() }]);
}
