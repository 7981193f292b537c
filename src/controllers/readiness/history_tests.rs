use super::*;
use HistoryEvent::*;

fn at(minute: i64) -> DateTime<Utc> {
    from_wire("2027-01-12T09:00:00Z").expect("an instant") + chrono::TimeDelta::minutes(minute)
}

fn digest(letter: &str) -> String {
    format!("sha256:{}", letter.repeat(64))
}

fn word(by: &str, decision: SignOffDecision, letter: &str) -> SeenSignOff {
    SeenSignOff {
        renewal: None,
        release: "releases/r".into(),
        role: "lead".into(),
        seat: 1,
        decision,
        digest: digest(letter),
        by: by.into(),
        at: to_wire(at(0)),
        source: None,
    }
}

fn status(letter: &str, state: &str, words: &[SeenSignOff]) -> TeamReadinessStatus {
    let release = TeamRelease {
        release: "releases/r".into(),
        digest: Some(digest(letter)),
        state: state.into(),
        missing: vec![],
        changed: vec![],
    };
    TeamReadinessStatus { releases: vec![release], seen_sign_offs: words.to_vec(), ..TeamReadinessStatus::default() }
}

/// The statuses one after the other, a minute each.
fn told(statuses: Vec<TeamReadinessStatus>) -> TeamReadinessStatus {
    let mut last = TeamReadinessStatus::default();
    for (minute, mut next) in (0..).zip(statuses) {
        advance(&last, &mut next, at(minute));
        last = next;
    }
    last
}

fn events(status: &TeamReadinessStatus) -> Vec<(HistoryEvent, Option<&str>)> {
    status.history.iter().flat_map(|h| &h.entries).map(|e| (e.event, e.by.as_deref())).collect()
}

#[test]
fn a_team_is_asked_signs_and_its_word_becomes_stale_with_other_content() {
    let go = word("ana", SignOffDecision::Go, "a");
    let last = told(vec![
        status("a", "Pending", &[]),
        status("a", "SignedOff", std::slice::from_ref(&go)),
        status("b", "Stale", &[go]),
    ]);
    assert_eq!(
        events(&last),
        [(Asked, None), (Seen, Some("ana")), (Signed, None), (Asked, None), (Stale, Some("ana"))]
    );
    let times: Vec<&str> = last.history[0].entries.iter().map(|e| &e.at[11..16]).collect();
    assert_eq!(times, ["09:00", "09:01", "09:01", "09:02", "09:02"]);
}

#[test]
fn a_no_go_a_change_of_mind_and_a_withdrawal_are_told_apart() {
    let (go, no) = (word("ana", SignOffDecision::Go, "a"), word("ana", SignOffDecision::NoGo, "a"));
    let last = told(vec![status("a", "Rejected", &[no]), status("a", "SignedOff", &[go]), status("a", "Pending", &[])]);
    assert_eq!(
        events(&last),
        [(Asked, None), (Refused, Some("ana")), (Seen, Some("ana")), (Signed, None), (Withdrawn, Some("ana"))]
    );
}

#[test]
fn a_word_that_runs_out_is_no_change_of_content() {
    let go = word("ana", SignOffDecision::Go, "a");
    let last = told(vec![status("a", "SignedOff", std::slice::from_ref(&go)), status("a", "Stale", &[go])]);
    assert_eq!(events(&last).last(), Some(&(Expired, None)));
}

#[test]
fn what_says_nothing_new_adds_nothing() {
    let again = || status("a", "Pending", &[word("ana", SignOffDecision::Go, "a")]);
    let last = told(vec![again(), again(), again()]);
    assert_eq!(events(&last), [(Asked, None), (Seen, Some("ana"))]);
    let nobody = told(vec![status("a", "NothingAsked", &[])]);
    assert_eq!(nobody.history, []);
}

#[test]
fn the_oldest_becomes_counts_and_no_lead_time_is_lost() {
    let letters = ["a", "b", "c", "d", "e", "f", "0", "1", "2", "3"];
    let mut statuses = Vec::new();
    for letter in letters {
        let go = word("ana", SignOffDecision::Go, letter);
        statuses.extend([status(letter, "Pending", &[]), status(letter, "SignedOff", &[go])]);
    }
    let last = told(statuses);
    let record = &last.history[0];
    assert_eq!(record.entries.len(), ENTRIES);
    let mut all = record.earlier.clone().expect("counts");
    sum_up(&mut all, &record.entries);
    assert_eq!((all.asked, all.signed), (10, 10));
    assert_eq!(all.lead_seconds, 10 * 60, "each answer took a minute");
}

#[test]
fn releases_are_bounded_too() {
    let mut last = TeamReadinessStatus::default();
    for n in 0..RELEASES + 3 {
        let mut next = status("a", "Pending", &[]);
        next.releases[0].release = format!("releases/r{n}");
        advance(&last, &mut next, at(0));
        last = next;
    }
    assert_eq!(last.history.len(), RELEASES);
    assert_eq!(last.history_earlier.as_ref().map(|c| c.asked), Some(3));
    assert_eq!(last.history.last().map(|h| h.release.clone()), Some(format!("releases/r{}", RELEASES + 2)));
    let size = serde_json::to_string(&last.history).expect("JSON").len();
    assert!(size < 4_000, "{size} bytes for eleven questions");
}
