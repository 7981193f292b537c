//! What the story is played on: a control plane, rollcall, three teams, an open window, version 1.

use std::time::Duration;

use control_plane::ControlPlane;
use rollcall::manifests::to_yaml;

use crate::screen::Screen;
use crate::support::operator::Operator;
use crate::support::shop::{self, People};
use crate::support::{Done, Installed};

pub struct Stage {
    pub people: People,
    pub operator: Operator,
    // Last, so that what uses the control plane goes before it.
    pub installed: Installed,
}

impl Stage {
    /// Builds everything up to the moment before the release, and says so step by step.
    pub async fn build(screen: &mut Screen) -> Done<Self> {
        screen.begin("starting a Kubernetes control plane (etcd, API server, controllers, fake nodes)");
        let plane = ControlPlane::start().await?;
        screen.begin("installing rollcall: three kinds, admission policies, roles");
        let installed = Installed::on(plane).await?;
        screen.begin("opening the shop: teams data (dana), core (cora) and ui (uma); lena leads the release");
        let people = shop::open_shop(&installed).await?;
        let window = to_yaml(&[shop::always_open()]);
        installed.apply(&installed.admin, &window).await?;
        screen.begin(
            "starting the operator, and running version 1 of the shop: nobody coordinates, open windows let it go",
        );
        let mut operator = Operator::start(&installed, "demo", &["--settle", "2s"]).await?;
        tokio::select! {
            ran = shop::old_version_runs(&installed, &people) => ran?,
            ended = watch_over(&installed, &mut operator) => ended?,
        }
        screen.end();
        Ok(Self { people, operator, installed })
    }

    /// Returns when the operator or the control plane has ended by itself, which is an error.
    pub async fn watch_over(&mut self) -> Done {
        watch_over(&self.installed, &mut self.operator).await
    }
}

async fn watch_over(installed: &Installed, operator: &mut Operator) -> Done {
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        look.tick().await;
        installed.plane.check()?;
        if !operator.runs() {
            let log = std::fs::read_to_string(&operator.log).unwrap_or_default();
            let last = log.lines().last().unwrap_or("it has logged nothing");
            return Err(format!("the operator has ended: {last}").into());
        }
    }
}
