//! Windows on a real control plane and by the real clock: what was stored before a rule existed, calendars from
//! ConfigMaps, and what happens when a window opens.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::operator::Operator;
use crate::support::plan::{app, own_team, plan, release_named};
use crate::support::recorder::{let_go, tags_that_ran};
use crate::support::stage::{Named, Stage};
use crate::support::{Done, Installed, blocker_codes, condition_of, namespace};
use rollcall::domain::calendar::{Form, Governance, Governing, Window, WindowSpec, WindowType};

const ARGS: [&str; 3] = ["--settle", "3s", "--no-leader-election"];
const DEFINITION: Named<'_> = ("CustomResourceDefinition", "", "deploymentwindows.rollcall.dev");

#[tokio::test(flavor = "multi_thread")]
async fn windows_say_what_is_wrong_keep_the_last_good_calendar_and_open_on_time_exactly_once() -> Done {
    let installed = Installed::start().await?;
    let stage = Stage::on(&installed).await?;
    stage.apply(&[namespace("releases"), namespace("old"), namespace("good")]).await?;
    store_before_the_rules(&stage).await?;
    let operator = Operator::start(&installed, "first", &ARGS).await?;
    what_cannot_be_read_is_reported_and_stops_nobody(&stage).await?;

    let boundary = hold_until_a_boundary(&stage).await?;
    let operator = keep_calendars(&stage, operator).await?;
    open_while_asleep(&stage, &operator, boundary).await?;
    assert!(operator.stop().await?.success());
    Ok(())
}

fn window(place: (&str, &str), spec: Value) -> Value {
    let mut whole = json!({"type": "Allow", "timeZone": "UTC"});
    if let (Some(whole), Value::Object(spec)) = (whole.as_object_mut(), spec) {
        whole.extend(spec);
    }
    json!({"apiVersion": "rollcall.dev/v1alpha1", "kind": "DeploymentWindow",
        "metadata": {"namespace": place.0, "name": place.1}, "spec": whole})
}

/// Windows that the rules of today refuse, as an older definition let them in.
fn stored_long_ago() -> [(&'static str, Value); 3] {
    let weekly = |from: &str| json!([{"name": "hours", "weekly": {"days": ["Mon"], "from": from, "until": "12:00"}}]);
    [
        ("zone", json!({"timeZone": "Europe/Berln", "schedule": weekly("09:00")})),
        ("hour", json!({"schedule": weekly("24:30")})),
        ("kind", json!({"type": "Sometimes", "schedule": weekly("09:00")})),
    ]
}

async fn store_before_the_rules(stage: &Stage<'_>) -> Done {
    let real = stage.read(DEFINITION).await?;
    let mut lax = real.clone();
    let schema = &mut lax["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    schema["properties"]["spec"] = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let with = |definition: &Value| json!({"spec": {"versions": definition["spec"]["versions"]}});
    stage.patch(DEFINITION, with(&lax)).await?;
    for (name, spec) in stored_long_ago() {
        let old = window(("old", name), spec);
        stage
            .installed
            .until("the lax definition is in force", || async {
                Ok(stage.apply(std::slice::from_ref(&old)).await.is_ok().then_some(()))
            })
            .await?;
    }
    stage.patch(DEFINITION, with(&real)).await?;
    let bad = window(("good", "refused"), json!({"timeZone": "Europe/Berln", "schedule": []}));
    stage
        .installed
        .until("the real definition is in force", || async {
            let taken = stage.apply(std::slice::from_ref(&bad)).await.is_ok();
            if taken {
                // What is stored and does not change is no longer judged, so each look is at a new object.
                stage.delete(("DeploymentWindow", "good", "refused")).await?;
            }
            Ok((!taken).then_some(()))
        })
        .await
}

async fn what_cannot_be_read_is_reported_and_stops_nobody(stage: &Stage<'_>) -> Done {
    let always = json!([{"name": "always", "cron": {"expression": "0 0 * * *", "duration": "1d"}}]);
    let suspicious = json!([{"name": "mid", "cron": {"expression": "0 * 15 JAN *", "duration": "24h"}}]);
    stage
        .apply(&[
            window(("good", "always"), json!({"schedule": always})),
            window(("good", "suspicious"), json!({"schedule": suspicious})),
        ])
        .await?;
    for (name, reason, field) in [
        ("zone", "UnknownTimeZone", "spec.timeZone"),
        ("hour", "InvalidSchedule", "spec.schedule[0].weekly.from"),
        ("kind", "InvalidSchedule", "Sometimes"),
    ] {
        let named = ("DeploymentWindow", "old", name);
        let found = stage.until_condition(named, ["Stalled", "True", reason]).await?;
        let said = condition_of(&found, "Stalled").map(|c| c["message"].to_string()).unwrap_or_default();
        assert!(said.contains(field), "{name}: {said}");
        assert_eq!(found["status"]["open"], false);
        stage.until_event("old", name, "InvalidSchedule").await?;
    }
    let sound = stage.until_condition(("DeploymentWindow", "good", "always"), ["Open", "True", "WindowOpen"]).await?;
    assert_eq!(condition_of(&sound, "Ready").map(|c| &c["status"]), Some(&json!("True")));
    assert_eq!(sound["status"]["entry"], "always");
    let suspect = ("DeploymentWindow", "good", "suspicious");
    let found = stage.until_condition(suspect, ["Ready", "True", "Scheduled"]).await?;
    assert!(found["status"]["conditions"].to_string().contains("47 h"), "{found}");
    stage.until_event("good", "suspicious", "SuspiciousSchedule").await?;
    // What it names is not known, so while it is there no copy of a calendar is dropped.
    stage.delete(("DeploymentWindow", "old", "kind")).await?;
    Ok(())
}

/// Two teams whose windows open at an instant not far away: one with a change that was replaced while it was held,
/// one with a release that waits. Returns the instant.
async fn hold_until_a_boundary(stage: &Stage<'_>) -> Done<DateTime<Utc>> {
    for team in ["late", "turn"] {
        stage.apply(&own_team(team, &["app"])).await?;
    }
    stage.apply(&[app("late", "app", "1")]).await?;
    stage.runs("late", "app", "1").await?;
    let opens = crate::support::plan::soon(45);
    let wall = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let dates = json!([{"name": "slot", "dates": {"from": wall(opens), "until": wall(opens + TimeDelta::hours(1))}}]);
    stage
        .apply(&[
            window(("late", "slot"), json!({"schedule": dates})),
            window(("turn", "slot"), json!({"schedule": dates, "openingJitter": "12s"})),
        ])
        .await?;
    let closed = ("DeploymentWindow", "late", "slot");
    let found = stage.until_condition(closed, ["Open", "False", "WindowClosed"]).await?;
    assert_eq!(found["status"]["nextOpen"].as_str().and_then(|t| t.parse().ok()), Some(opens));

    stage.apply(&[app("late", "app", "a")]).await?;
    let seen = stage.seen_held("late", "app", "").await?;
    stage.apply(&[app("late", "app", "b")]).await?;
    stage.seen_held("late", "app", &seen).await?;

    stage.apply(&[plan("turn", &[("app", "turn", ("Deployment", "app"), &[])]), app("turn", "app", "1")]).await?;
    let digest = |r: &Value| r["status"]["digest"].as_str().unwrap_or_default().to_owned();
    let only = |r: &Value, codes: &[&str]| blocker_codes(r) == codes;
    let waits =
        stage.until("words and a window are missing", release_named("turn"), |r| only(r, &["RC032", "RC051"])).await?;
    stage.sign("turn", "turn", &digest(&waits)).await?;
    stage.until("only the window is missing", release_named("turn"), |r| only(r, &["RC032"])).await?;
    Ok(opens)
}

fn calendar(summary: &str) -> String {
    let now = Utc::now();
    let stamp = |at: DateTime<Utc>| at.format("%Y%m%dT%H%M%SZ").to_string();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:{summary}\r\nDTSTART:{}\r\nDTEND:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        stamp(now - TimeDelta::hours(1)),
        stamp(now + TimeDelta::hours(20))
    )
}

/// A ConfigMap with a calendar, and with something that is none of anybody's business.
fn diary(text: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "diary", "name": "releases"},
        "data": {"team.ics": text, "password": "hunter2"}})
}

fn of_diary(name: &str, key: &str) -> Value {
    let schedule = json!([{"name": "group", "calendar": {"configMap": "releases", "key": key}}]);
    window(("diary", name), json!({"schedule": schedule}))
}

const GROUP: Named<'_> = ("DeploymentWindow", "diary", "group");

/// A calendar that may not be read, is read, breaks, and goes; the operator is killed and started again while it is
/// broken.
async fn keep_calendars(stage: &Stage<'_>, operator: Operator) -> Done<Operator> {
    let text = calendar("open day");
    stage.apply(&[namespace("diary"), diary(&text), of_diary("group", "team.ics")]).await?;
    a_right_to_one_object_is_enough(stage, &text).await?;

    stage.apply(&[diary(&text.replace("DTSTART", "DTSTRAT"))]).await?;
    let found = stage.until_condition(GROUP, ["CalendarFresh", "False", "LastGoodCopy"]).await?;
    assert!(found["status"]["conditions"].to_string().contains("has no DTSTART"), "{found}");
    assert_eq!(found["status"]["open"], true, "the last good copy stays in force");
    stage.until_event("diary", "group", "CalendarNotFresh").await?;

    operator.kill().await?;
    stage.delete(("ConfigMap", "diary", "releases")).await?;
    let operator = Operator::start(stage.installed, "second", &ARGS).await?;
    let gone = |o: &Value| {
        condition_of(o, "CalendarFresh").is_some_and(|c| c["message"].to_string().contains("does not exist"))
    };
    let found = stage.until("it says that the calendar is gone", GROUP, gone).await?;
    assert_eq!(found["status"]["open"], true, "and survives a restart");
    nobody_learns_what_else_is_there(stage, &text).await?;
    Ok(operator)
}

async fn a_right_to_one_object_is_enough(stage: &Stage<'_>, text: &str) -> Done {
    let found = stage.until_condition(GROUP, ["CalendarFresh", "False", "CalendarUnreadable"]).await?;
    assert!(found["status"]["conditions"].to_string().contains("rollcall-calendars"), "it says which right is missing");
    let rule = ["--verb=get,list,watch", "--resource=configmaps", "--resource-name=releases"];
    stage.installed.kubectl(&[&["create", "role", "diary", "-n", "diary"][..], &rule[..]].concat()).await?;
    let bound = ["--role=diary", "--serviceaccount=rollcall-system:rollcall"];
    stage.installed.kubectl(&[&["create", "rolebinding", "diary", "-n", "diary"][..], &bound[..]].concat()).await?;
    stage.until_condition(GROUP, ["CalendarFresh", "True", "CalendarRead"]).await?;
    let open = stage.until_condition(GROUP, ["Open", "True", "WindowOpen"]).await?;
    assert_eq!(open["status"]["entry"], "group");
    let copied = |copy: &Value| {
        copy["metadata"]["annotations"]["rollcall.dev/calendar-source"] == "diary/releases/team.ics"
            && copy["data"]["calendar.ics"] == text
    };
    stage
        .installed
        .until("the operator has a copy", || async {
            Ok(stage.list("ConfigMap", "rollcall-system").await?.iter().any(copied).then_some(()))
        })
        .await
}

/// Whoever may write a window learns nothing of what else is in a ConfigMap; and copies go with the last window.
async fn nobody_learns_what_else_is_there(stage: &Stage<'_>, text: &str) -> Done {
    stage.apply(&[diary(text), of_diary("nosy", "password")]).await?;
    stage.until_condition(GROUP, ["CalendarFresh", "True", "CalendarRead"]).await?;
    let nosy = ("DeploymentWindow", "diary", "nosy");
    let found = stage.until_condition(nosy, ["Stalled", "True", "CalendarUnreadable"]).await?;
    assert!(!found.to_string().contains("hunter2"));
    stage.delete(GROUP).await?;
    let is_copy = |o: &Value| o["metadata"]["labels"]["rollcall.dev/calendar-copy"] == "true";
    stage
        .installed
        .until("the copy went with the last window that names the calendar", || async {
            Ok((!stage.list("ConfigMap", "rollcall-system").await?.iter().any(is_copy)).then_some(()))
        })
        .await
}

/// The operator, killed and started again since, sleeps over the boundary.
async fn open_while_asleep(stage: &Stage<'_>, operator: &Operator, opens: DateTime<Utc>) -> Done {
    let reached = |what: &'static str, at: DateTime<Utc>| {
        stage.installed.until(what, move || async move { Ok((Utc::now() >= at).then_some(())) })
    };
    let left = opens - Utc::now();
    assert!(left > TimeDelta::seconds(3), "the story before the boundary took too long: {left} left");
    reached("it is two seconds before the opening", opens - TimeDelta::seconds(2)).await?;
    operator.signal("-STOP").await?;
    reached("it is three seconds after the opening", opens + TimeDelta::seconds(3)).await?;
    let woken = Utc::now();
    operator.signal("-CONT").await?;
    stage.runs("late", "app", "b").await?;
    stage.runs("turn", "app", "1").await?;
    stage.completed("turn").await?;

    let history = stage.history("late").await?;
    let tags: Vec<String> = let_go(&history, "Deployment", "app").iter().map(|g| g.tag.clone()).collect();
    assert_eq!(tags, ["1", "b"], "each once, and the one that was replaced never");
    assert!(!tags_that_ran(&history, "app").contains("a"));
    let released = stage.released(("Deployment", "late", "app")).await?;
    assert_eq!(released.len(), 2, "exactly once");
    assert!(released[1] >= opens && released[1] < opens + TimeDelta::seconds(60), "{:?} for {opens}", released[1]);

    let turn = turn(opens, "releases/turn");
    let went = stage.released(("Deployment", "turn", "app")).await?;
    assert_eq!(went.len(), 1, "exactly once");
    assert!(
        went[0] >= turn && went[0] < turn.max(woken) + TimeDelta::seconds(60),
        "{:?}, whose turn was {turn}",
        went[0]
    );
    Ok(())
}

/// When the turn of a release comes in the window of the team `turn`.
fn turn(opens: DateTime<Utc>, who: &str) -> DateTime<Utc> {
    let wall = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let dates = Form::Dates { from: wall(opens), until: wall(opens + TimeDelta::hours(1)) };
    let mut spec = WindowSpec::new(WindowType::Allow, "UTC").entry("slot", dates);
    spec.opening_jitter = Some(TimeDelta::seconds(12));
    let sound = Governing::Sound(std::sync::Arc::new(Window::compile(&spec).expect("a window")));
    let governance = Governance { tiers: [vec![], vec![("turn/slot".to_owned(), sound)], vec![]] };
    governance.turn(opens, who, TimeDelta::minutes(1)).map_or(opens, |turn| turn.at)
}
