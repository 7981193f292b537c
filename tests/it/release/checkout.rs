//! A shop of three teams that a test has for itself: all of one release is shipped and still soaks when the API's
//! error budget is burnt, in a freeze.

use serde_json::{Value, json};

use crate::support::plan::{app, freeze, own_team, plan, release_named, soon};
use crate::support::recorder::{Version, tag};
use crate::support::shop;
use crate::support::stage::Stage;
use crate::support::undone::{self, Order};
use crate::support::{Done, step_state};

/// What goes back before what.
pub const ORDER: Order<'static> = &[("web", "api"), ("admin", "api")];

pub struct Checkout {
    pub name: &'static str,
    pub data: String,
    pub core: String,
    pub ui: String,
    /// How long each pod takes to become ready.
    delay: &'static str,
}

impl Checkout {
    pub fn named(name: &'static str) -> Self {
        let team = |team: &str| format!("{name}-{team}");
        Self { name, data: team("data"), core: team("core"), ui: team("ui"), delay: "0s" }
    }

    /// With pods that take their time, so that there is a midst of whatever happens. Version 2 lacks the annotation
    /// that says so: what rollcall put back is not Git's to take away when it applies version 2 again.
    pub fn slow(name: &'static str) -> Self {
        Self { delay: "2s", ..Self::named(name) }
    }

    fn teams(&self) -> [&str; 3] {
        [&self.data, &self.core, &self.ui]
    }

    /// The three Deployments, with their team.
    pub fn apps(&self) -> [(&str, &'static str); 3] {
        [(&self.core, "api"), (&self.ui, "web"), (&self.ui, "admin")]
    }

    pub fn version(&self, version: &str) -> Vec<Value> {
        let apps = self.apps();
        let all = apps.iter().map(|(team, name)| {
            let mut app = app(team, name, version);
            if self.delay == "0s" || version != "2" {
                app["spec"]["template"]["metadata"]["annotations"] = json!({"kwok.test/ready-delay": self.delay});
            }
            app
        });
        all.collect()
    }

    /// Three teams, and version 1 of everything. The API's error budget is a Deployment that can be scaled.
    pub async fn opens(&self, stage: &Stage<'_>, first: &[Value]) -> Done {
        let mut data = own_team(&self.data, &[]);
        data[1]["spec"]["workloads"] = json!([{"kind": "Job", "name": "ledger-migrate"}]);
        let mut core = own_team(&self.core, &["api"]);
        let probe = json!({"workload": {"kind": "Deployment", "name": "budget"}, "atLeast": 1});
        core[1]["spec"]["checks"] = json!([{"name": "error-budget", "replicas": probe, "every": "5s"}]);
        let mut budget = app(&self.core, "budget", "1");
        budget["metadata"]["labels"] = json!({});
        stage.apply(&[data, core, own_team(&self.ui, &["web", "admin"])].concat()).await?;
        stage.apply(&[budget]).await?;
        stage.apply(first).await
    }

    /// Version 1 of everything runs.
    pub async fn runs(&self, stage: &Stage<'_>, version: &str) -> Done {
        for (team, name) in self.apps() {
            stage.runs(team, name, version).await?;
        }
        Ok(())
    }

    fn plan(&self) -> Value {
        let steps: &[_] = &[
            ("migrate", &*self.data, ("Job", "ledger-migrate"), &[][..]),
            ("api", &*self.core, ("Deployment", "api"), &["migrate"][..]),
            ("web", &*self.ui, ("Deployment", "web"), &["api"][..]),
            ("admin", &*self.ui, ("Deployment", "admin"), &["api"][..]),
        ];
        let mut release = plan(self.name, steps);
        let steps = &mut release["spec"]["steps"];
        steps[0]["reversible"] = json!(false);
        steps[1]["verify"] = json!(["error-budget"]);
        let members = [("migrate", "ledger-migrate"), ("api", "api"), ("web", "web"), ("admin", "admin")];
        for (step, (container, image)) in members.iter().enumerate() {
            steps[step]["expect"] = json!({"images": {*container: format!("registry.example/{image}:2")}});
        }
        for frontend in [2, 3] {
            steps[frontend]["soak"] = json!("10m");
            // The Deployment controller does not always look at its own deadline once it has gone back to a ReplicaSet
            // that is there already: it takes a rollout for complete that was, before anything of it was to be seen.
            steps[frontend]["timeout"] = json!("3m");
        }
        release
    }

    /// Version 2 is signed and ships. What came last soaks.
    pub async fn ships(&self, stage: &Stage<'_>) -> Done {
        let job = shop::job(&self.data, "ledger-migrate", &self.data, "2");
        stage.apply(&[vec![self.plan(), job], self.version("2")].concat()).await?;
        let digest = stage.asked_for(self.name, "").await?;
        for team in self.teams() {
            stage.sign(team, self.name, &digest).await?;
        }
        let out = |r: &Value| {
            [("migrate", "Done"), ("api", "Done"), ("web", "Soaking"), ("admin", "Soaking")]
                .iter()
                .all(|(step, state)| step_state(r, step) == *state)
        };
        stage.until("everything is out, and the frontends soak", release_named(self.name), out).await?;
        Ok(())
    }

    /// A freeze begins, and then the error budget of the API is burnt.
    pub async fn burns(&self, stage: &Stage<'_>) -> Done {
        for team in self.teams() {
            stage.apply(&[freeze(team, soon(3600))]).await?;
            let window = ("DeploymentWindow", team, "quiet");
            stage.until_condition(window, ["Open", "False", "FreezeActive"]).await?;
        }
        stage.patch(("Deployment", &self.core, "budget"), json!({"spec": {"replicas": 0}})).await?;
        Ok(())
    }

    pub async fn thaws(&self, stage: &Stage<'_>) -> Done {
        for team in self.teams() {
            stage.delete(("DeploymentWindow", team, "quiet")).await?;
        }
        Ok(())
    }

    /// The rollback is complete as far as it can be, and says where it stopped.
    pub async fn is_rolled_back(&self, stage: &Stage<'_>) -> Done {
        let ended = stage.until_condition(release_named(self.name), ["Ready", "False", "RolledBack"]).await?;
        for step in ["api", "web", "admin"] {
            assert_eq!(step_state(&ended, step), "RolledBack", "{step}");
        }
        let stopped = ended["status"]["blockers"].as_array().into_iter().flatten();
        let stopped: Vec<&Value> = stopped.filter(|b| b["step"] == "migrate" && b["code"] == "RC096").collect();
        assert_eq!(stopped.len(), 1, "{ended:#}");
        assert!(stopped[0]["message"].to_string().contains("stays on its new version"), "{stopped:?}");
        let cause = ended["status"]["rollback"]["cause"].to_string();
        assert!(cause.contains("step api failed") && cause.contains("error-budget"), "{cause}");
        self.runs(stage, "1").await?;
        let job = stage.read(("Job", &self.data, "ledger-migrate")).await?;
        assert_eq!((tag(&job), &job["status"]["succeeded"]), ("2", &json!(1)), "the migration stays");
        Ok(())
    }

    /// Git brings the bad version back: it is held for that reason, and goes only as another one.
    pub async fn stays_back(&self, stage: &Stage<'_>) -> Done {
        stage.apply(&self.version("2")).await?;
        self.thaws(stage).await?;
        let because = "rolled back from exactly this content";
        for (team, count) in [(&self.core, 1), (&self.ui, 2)] {
            let says = |t: &Value| t["status"]["workloads"].to_string().matches(because).count() == count;
            stage.until("the team says why each is held", ("TeamReadiness", team, team), says).await?;
        }
        self.judge(stage).await?;
        stage.apply(&self.version("3")).await?;
        self.runs(stage, "3").await?;
        self.judge(stage).await
    }

    /// Judges by what the recorder saw.
    pub async fn judge(&self, stage: &Stage<'_>) -> Done {
        undone::judge(&self.history(stage).await?, ("2", "1"), ORDER)?;
        Ok(())
    }

    pub async fn history(&self, stage: &Stage<'_>) -> Done<Vec<Version>> {
        let own = |v: &Version| {
            let namespace = v.object["metadata"]["namespace"].as_str();
            namespace.is_some_and(|n| self.teams().contains(&n))
        };
        Ok(stage.everything().await?.into_iter().filter(own).collect())
    }
}
