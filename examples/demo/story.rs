//! The story itself: version 2 arrives at once, the teams sign one by one, and the table shows what moves; or a
//! frontend fails, and the table shows what goes back.

use std::time::Duration;

use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use rollcall::digest::short;
use rollcall::manifests::to_yaml;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::Story;
use crate::screen::Screen;
use crate::stage::Stage;
use crate::support::recorder::{Recorder, Version};
use crate::support::{Done, shop};
use crate::view::{self, View};

/// The name of the release.
pub const RELEASE: &str = "checkout";
/// Between two looks at the release.
const LOOK: Duration = Duration::from_millis(200);

/// Plays the story, shows it, and returns what the independent recorder saw.
pub async fn play(stage: &Stage, story: Story, pace: Duration, screen: &mut Screen) -> Done<Vec<Version>> {
    let recorder = Recorder::start(&stage.installed).await?;
    let (say, said) = unbounded_channel();
    let told = act(stage, story, pace, say);
    let shown = show(stage, said, screen);
    let (told, shown) = tokio::join!(told, shown);
    screen.leave();
    told.and(shown)?;
    Ok(recorder.history())
}

/// Version 2 of everything, as it is in Git.
fn version_2(story: Story) -> String {
    let mut manifests = paced(shop::manifests("2"));
    if story == Story::Rollback {
        let web = manifests.iter_mut().filter(|m| m["metadata"]["name"] == "web");
        web.for_each(|web| {
            web["spec"]["progressDeadlineSeconds"] = json!(8);
            web["spec"]["template"]["metadata"]["annotations"]["kwok.test/fail"] = json!("true");
        });
    }
    to_yaml(&manifests)
}

/// What people do, in order.
async fn act(stage: &Stage, story: Story, pace: Duration, say: UnboundedSender<String>) -> Done {
    let (installed, people) = (&stage.installed, &stage.people);
    let tell = |line: String| say.send(line).unwrap_or_default();
    tell(format!("lena (lead) creates release {RELEASE}: migrate, then api, then web and admin"));
    let release = to_yaml(&[shop::release(RELEASE)]);
    installed.apply(&people.lena, &release).await?;
    tell("flux (GitOps) applies version 2 of all four workloads at once".to_owned());
    installed.apply(&people.flux, &version_2(story)).await?;
    let digest = shop::complete_digest(installed, RELEASE, "2").await?;
    tell(format!("the API server holds all four; what would ship has the digest {}", short(&digest)));
    for (team, lead) in [("data", "dana"), ("core", "cora"), ("ui", "uma")] {
        tokio::time::sleep(pace).await;
        tell(format!("{lead} ({team}) signs Go for {}", short(&digest)));
        shop::sign(installed, people, team, RELEASE, &digest).await?;
    }
    match story {
        Story::Ship => {
            let done = installed.until_condition("coordinatedrelease", "releases", RELEASE, "Ready", "True");
            done.await.map(|_| ())
        }
        Story::Rollback => goes_back(stage, &tell).await,
    }
}

/// Nobody does anything: the release fails, and goes back. Then Git says version 2 once more.
async fn goes_back(stage: &Stage, tell: &impl Fn(String)) -> Done {
    let (installed, people) = (&stage.installed, &stage.people);
    installed
        .until("the release is rolled back", || async {
            let release = installed.get("coordinatedrelease", "releases", RELEASE).await?.unwrap_or_default();
            Ok((release["status"]["finished"] == true).then_some(()))
        })
        .await?;
    tell("flux applies version 2 again, because Git still says so".to_owned());
    installed.apply(&people.flux, &version_2(Story::Rollback)).await?;
    let because = "rolled back from exactly this content";
    for (team, count) in [("core", 1), ("ui", 2)] {
        installed
            .until("the team says why it is held", || async {
                let found = installed.get("teamreadiness", team, team).await?.unwrap_or_default();
                let told = found["status"]["workloads"].to_string();
                Ok((told.matches(because).count() == count).then_some(()))
            })
            .await?;
        tell(format!("team {team}: held, {because}"));
    }
    Ok(())
}

/// Version 2 with pods that take their time, so that there is something to see.
pub fn paced(mut manifests: Vec<Value>) -> Vec<Value> {
    for manifest in &mut manifests {
        manifest["spec"]["template"]["metadata"]["annotations"] = json!({
            "kwok.test/ready-delay": "1500ms",
            "kwok.test/complete-delay": "3s",
        });
    }
    manifests
}

/// Shows what is said, and the release whenever it has changed, until nobody says anything any more.
async fn show(stage: &Stage, mut said: UnboundedReceiver<String>, screen: &mut Screen) -> Done {
    let kind = GroupVersionKind::gvk("rollcall.dev", "v1alpha1", "CoordinatedRelease");
    let client = stage.installed.admin.client()?;
    let releases: Api<DynamicObject> = Api::namespaced_with(client, "releases", &ApiResource::from_gvk(&kind));
    let mut look = tokio::time::interval(LOOK);
    let mut last = View::default();
    let mut open = true;
    while open {
        tokio::select! {
            line = said.recv() => match line {
                Some(line) => screen.say(&line),
                None => open = false,
            },
            _ = look.tick() => {}
        }
        let Some(release) = releases.get_opt(RELEASE).await? else {
            continue;
        };
        let now = view::of(&serde_json::to_value(release)?);
        if screen.is_live() {
            screen.show(&now.table(screen.style()));
        } else {
            now.since(&last).iter().for_each(|line| screen.say(line));
        }
        last = now;
    }
    Ok(())
}
