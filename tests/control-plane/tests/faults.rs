//! What survives when programs or their owner die, and what does not.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use control_plane::wait::{PATIENCE, until};
use control_plane::{ControlPlane, Error};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, PostParams};

const COMMAND: &str = env!("CARGO_BIN_EXE_control-plane");

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Invalid(error.to_string())
}

/// The command lines of all processes that mention the folder of a plane: its programs, their
/// watchdogs and the janitor all do.
fn processes_of(dir: &Path) -> Result<Vec<String>, Error> {
    let output = Command::new("ps").args(["-A", "-ww", "-o", "args="]).output().map_err(failed)?;
    let all = String::from_utf8_lossy(&output.stdout).into_owned();
    let dir = dir.display().to_string();
    Ok(all.lines().filter(|line| line.contains(&dir)).map(str::to_owned).collect())
}

async fn wait_until_gone(dir: &Path) -> Result<(), Error> {
    until("the processes and the folder of the plane to be gone", PATIENCE, || async {
        let left = processes_of(dir).map_err(|error| error.to_string())?;
        match left.is_empty() && !dir.exists() {
            true => Ok(()),
            false => Err(format!("folder there: {}; processes: {left:?}", dir.exists())),
        }
    })
    .await
}

#[tokio::test]
async fn data_survives_the_death_of_the_api_server_and_of_etcd() -> Result<(), Error> {
    let plane = ControlPlane::builder().api_only().start().await?;
    let configs: Api<ConfigMap> = Api::namespaced(plane.admin()?.client()?, "default");
    let mut object = ConfigMap::default();
    object.metadata.name = Some("kept".to_owned());
    configs.create(&PostParams::default(), &object).await.map_err(failed)?;

    plane.api_server().kill().await?;
    assert!(configs.get("kept").await.is_err(), "answered by a killed API server");
    plane.check()?;
    plane.api_server().start().await?;
    configs.get("kept").await.map_err(failed)?;

    plane.etcd().kill().await?;
    plane.etcd().start().await?;
    plane.api_server().restart().await?;
    configs.get("kept").await.map_err(failed)?;
    assert!(matches!(plane.kwok().kill().await, Err(Error::NotRun { .. })));
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_of_a_dropped_plane() -> Result<(), Error> {
    let plane = ControlPlane::builder().api_only().start().await?;
    let dir = plane.dir().to_owned();
    assert!(!processes_of(&dir)?.is_empty());
    drop(plane);
    assert_eq!(processes_of(&dir)?, Vec::<String>::new());
    assert!(!dir.exists());
    Ok(())
}

#[tokio::test]
async fn nothing_is_left_when_the_owner_is_killed() -> Result<(), Error> {
    let mut owner = Command::new(COMMAND).arg("up").stdout(Stdio::piped()).spawn().map_err(failed)?;
    let stdout = owner.stdout.take().ok_or_else(|| failed("no stdout"))?;
    // Written once the plane is up; the end of the stream, should the start fail, ends the wait.
    let mut line = String::new();
    let mut stdout = BufReader::new(stdout);
    stdout.read_line(&mut line).map_err(failed)?;
    let dir = PathBuf::from(line.trim()).parent().map(Path::to_owned).unwrap_or_default();
    assert!(dir.is_dir(), "{line:?}");
    assert!(!processes_of(&dir)?.is_empty());
    owner.kill().map_err(failed)?;
    owner.wait().map_err(failed)?;
    wait_until_gone(&dir).await
}

#[test]
fn absent_programs_are_an_error_that_says_what_to_do() -> Result<(), Error> {
    let output = Command::new(COMMAND)
        .arg("up")
        .env("ROLLCALL_CACHE", "/nonexistent")
        .env_remove("KUBEBUILDER_ASSETS")
        .output()
        .map_err(failed)?;
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(text.contains("cargo run -p control-plane -- build"), "{text}");
    Ok(())
}
