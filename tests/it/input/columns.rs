//! What `kubectl get` shows of an object that no controller has looked at yet.

use rollcall::manifests::to_yaml;
use serde_json::{Value, json};

use super::{api, releases, teams, windows};
use crate::support::Done;

async fn created(namespace: &str) -> Done {
    let (plane, _) = api().await?;
    let mut all = vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}),
        releases::release(),
        teams::team(),
        windows::window(),
    ];
    for object in &mut all[1..] {
        object["metadata"]["namespace"] = json!(namespace);
    }
    let out = plane.kubectl(&plane.admin()?).args(["apply", "--server-side", "-f", "-"]).stdin(to_yaml(&all)).run();
    out.await?.success()?;
    Ok(())
}

async fn get(args: &[&str]) -> Done<String> {
    let (plane, _) = api().await?;
    let kubectl = plane.kubectl(&plane.admin()?).args(["get"]);
    Ok(kubectl.args(args.iter().copied()).run().await?.success()?)
}

#[tokio::test]
async fn an_object_nobody_has_looked_at_says_so_and_its_columns_show() -> Done {
    created("columns").await?;
    let columns = [
        ("crel", "NAME READY REASON STEPS WAITING-FOR AGE"),
        ("tr", "NAME READY SIGNED-OFF ASKED AGE"),
        ("dw", "NAME TYPE OPEN NEXT-OPEN NEXT-CLOSE READY"),
    ];
    for (short, expected) in columns {
        let object: Value = serde_json::from_str(&get(&[short, "-n", "columns", "-o", "json"]).await?)?;
        assert_eq!(object["items"][0]["status"], json!({"observedGeneration": -1}), "{short}");
        let table = get(&[short, "-n", "columns"]).await?;
        let head: Vec<&str> = table.lines().next().unwrap_or_default().split_whitespace().collect();
        assert_eq!(head.join(" "), expected);
    }
    let all = get(&["rollcall", "-n", "columns", "-o", "name"]).await?;
    let mut names: Vec<&str> = all.lines().collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "coordinatedrelease.rollcall.dev/checkout-2.14",
            "deploymentwindow.rollcall.dev/weekday-mornings",
            "teamreadiness.rollcall.dev/payments"
        ]
    );
    Ok(())
}
