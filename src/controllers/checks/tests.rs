use super::*;

fn at(text: &str) -> DateTime<Utc> {
    from_wire(text).expect("an instant")
}

fn check() -> Check {
    let wire = serde_json::json!({"name": "budget", "controllerName": "example.com/budget", "timeout": "30s"});
    serde_json::from_value(wire).expect("a check")
}

fn after(last: Option<CheckStatus>, state: CheckState, time: &str) -> CheckStatus {
    recorded(&check(), Said::of(state, "said"), last, at(time))
}

#[test]
fn silence_is_pending_until_its_time_is_over_and_then_a_failure() {
    let first = after(None, CheckState::Pending, "2027-01-12T09:00:00Z");
    assert_eq!((first.state.as_str(), first.at.as_deref()), ("Pending", Some("2027-01-12T09:00:00Z")));
    let second = after(Some(first.clone()), CheckState::Pending, "2027-01-12T09:00:29Z");
    assert_eq!(second, first, "the time counts from the first asking");
    let third = after(Some(second), CheckState::Pending, "2027-01-12T09:00:30Z");
    assert_eq!(third.state, "Retry");
    assert!(third.message.contains("no answer within 30 s"), "{}", third.message);
    let fourth = after(Some(third), CheckState::Pending, "2027-01-12T09:00:31Z");
    assert_eq!(fourth.state, "Retry", "it goes on being one");
    let answer = after(Some(fourth), CheckState::Ready, "2027-01-12T09:00:32Z");
    assert_eq!((answer.state.as_str(), answer.at.as_deref()), ("Ready", Some("2027-01-12T09:00:32Z")));
}

#[test]
fn silence_after_an_answer_starts_its_time_anew() {
    let answer = after(None, CheckState::Ready, "2027-01-12T09:00:00Z");
    assert_eq!(after(Some(answer), CheckState::Pending, "2027-01-12T10:00:00Z").state, "Pending");
    let failing = after(None, CheckState::Retry, "2027-01-12T09:00:00Z");
    let silent = after(Some(failing), CheckState::Pending, "2027-01-12T09:00:05Z");
    assert_eq!((silent.state.as_str(), silent.message.as_str()), ("Pending", "said"), "it did answer until now");
}

#[test]
fn a_message_moves_no_cursor() {
    let said = Said::of(CheckState::Retry, "a\u{1b}[2Jb\u{202e}c");
    assert_eq!(recorded(&check(), said, None, at("2027-01-12T09:00:00Z")).message, "a [2Jb c");
}

#[test]
fn a_check_without_an_answer_is_asked_again_at_its_pace_and_when_its_time_is_over_and_not_at_once() {
    let wire =
        serde_json::json!({"name": "budget", "controllerName": "example.com/budget", "timeout": "30s", "every": "20s"});
    let check: Check = serde_json::from_value(wire).expect("a check");
    let asked = |state, last, time: &str| vec![recorded(&check, Said::of(state, "said"), last, at(time))];
    let looks = |answers: &[CheckStatus], now: &str| {
        next(std::slice::from_ref(&check), answers, at(now)).map(to_wire).expect("somebody waits")
    };
    let first = asked(CheckState::Pending, None, "2027-01-12T09:00:00Z");
    assert_eq!(looks(&first, "2027-01-12T09:00:00Z"), "2027-01-12T09:00:20Z");
    let second = asked(CheckState::Pending, first.first().cloned(), "2027-01-12T09:00:20Z");
    assert_eq!(looks(&second, "2027-01-12T09:00:20Z"), "2027-01-12T09:00:30Z", "then it fails");
    let third = asked(CheckState::Pending, second.first().cloned(), "2027-01-12T09:00:30Z");
    assert_eq!(looks(&third, "2027-01-12T09:00:30Z"), "2027-01-12T09:00:50Z");
}
