//! How long a team lets its changes be held.

use chrono::TimeDelta;
use serde_json::json;

use crate::support::Done;
use crate::support::plan::{app, created, freeze, own_team, shared, soon};
use crate::support::recorder::{held, let_go};
use crate::support::stage::Stage;

const LIMIT: i64 = 6;

#[tokio::test(flavor = "multi_thread")]
async fn past_the_limit_a_held_change_goes_or_raises_an_alarm_as_the_team_chose_and_no_freeze_ends() -> Done {
    let stage = Stage::on(shared().await?).await?;
    for (name, then) in [("hasty", "Release"), ("patient", "Alert"), ("frozen", "Release")] {
        let mut team = own_team(name, &["app"]);
        team[1]["spec"]["maxHold"] = json!({"duration": format!("{LIMIT}s"), "then": then});
        // Nothing but its limit lets a change of the hasty team go; the others lie in a freeze.
        team[1]["spec"]["independentChanges"] = json!("Held");
        stage.apply(&team).await?;
        if name != "hasty" {
            stage.apply(&[freeze(name, soon(3600))]).await?;
        }
        stage.apply(&[app(name, "app", "1")]).await?;
    }
    let running = stage.runs("hasty", "app", "1").await?;
    let gone = let_go(&stage.history("hasty").await?, "Deployment", "app");
    assert_eq!(gone.len(), 1);
    let released = stage.released(("Deployment", "hasty", "app")).await?;
    assert_eq!(released.len(), 1);
    let waited = released[0] - created(&running);
    assert!(waited >= TimeDelta::seconds(LIMIT), "only {waited}");

    let team = ("TeamReadiness", "patient", "patient");
    let said = stage.until_condition(team, ["Stalled", "True", "Pending"]).await?;
    assert!(said["status"]["conditions"].to_string().contains("held for longer than 6s: app"));
    let event = stage.until_event("patient", "patient", "HeldTooLong").await?;
    assert_eq!(event["type"], "Warning");
    stage.until_condition(("TeamReadiness", "frozen", "frozen"), ["Stalled", "True", "Pending"]).await?;
    for frozen in ["patient", "frozen"] {
        assert!(held(&stage.read(("Deployment", frozen, "app")).await?), "the limit of a team ends no freeze");
        assert_eq!(let_go(&stage.history(frozen).await?, "Deployment", "app").len(), 0, "{frozen}");
    }
    Ok(())
}
