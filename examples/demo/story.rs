//! The story itself: version 2 arrives at once, the teams sign one by one, and the table shows what moves.

use std::time::Duration;

use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use rollcall::digest::short;
use rollcall::manifests::to_yaml;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

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
pub async fn play(stage: &Stage, pace: Duration, screen: &mut Screen) -> Done<Vec<Version>> {
    let recorder = Recorder::start(&stage.installed).await?;
    let (say, said) = unbounded_channel();
    let told = act(stage, pace, say);
    let shown = show(stage, said, screen);
    let (told, shown) = tokio::join!(told, shown);
    screen.leave();
    told.and(shown)?;
    Ok(recorder.history())
}

/// What people do, in order.
async fn act(stage: &Stage, pace: Duration, say: UnboundedSender<String>) -> Done {
    let (installed, people) = (&stage.installed, &stage.people);
    let tell = |line: String| say.send(line).unwrap_or_default();
    tell(format!("lena (lead) creates release {RELEASE}: migrate, then api, then web and admin"));
    let release = to_yaml(&[shop::release(RELEASE)]);
    installed.apply(&people.lena, &release).await?;
    tell("flux (GitOps) applies version 2 of all four workloads at once".to_owned());
    let version_2 = to_yaml(&paced(shop::manifests("2")));
    installed.apply(&people.flux, &version_2).await?;
    let digest = shop::complete_digest(installed, RELEASE, "2").await?;
    tell(format!("the API server holds all four; what would ship has the digest {}", short(&digest)));
    for (team, lead) in [("data", "dana"), ("core", "cora"), ("ui", "uma")] {
        tokio::time::sleep(pace).await;
        tell(format!("{lead} ({team}) signs Go for {}", short(&digest)));
        shop::sign(installed, people, team, RELEASE, &digest).await?;
    }
    let finished = installed.until_condition("coordinatedrelease", "releases", RELEASE, "Ready", "True");
    finished.await.map(|_| ())
}

/// Version 2 with pods that take their time, so that there is something to see.
pub fn paced(mut manifests: Vec<Value>) -> Vec<Value> {
    for manifest in &mut manifests {
        manifest["spec"]["template"]["metadata"]["annotations"] = serde_json::json!({
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
