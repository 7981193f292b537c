//! The same requests to this server and to a real one: what is answered, what is stored, and what watches show must
//! be the same, but for what the README lists.
//!
//! Each sequence is random, short, and in a namespace of its own; where the two part, the sequence ends and is shown.

#![allow(clippy::disallowed_methods, reason = "a real server is waited for")]

mod answers;
mod generate;
mod kinds;
mod known;
mod watching;

use std::path::Path;

use control_plane::ControlPlane;
use kube::Client;
use serde_json::{Value, json};
use simapi::{ApiServer, Chance, User};

use answers::{Answer, Server};
use generate::Story;

/// How many requests all sequences have together, and each. `SIMAPI_FIDELITY_OPERATIONS` asks for more.
const OPERATIONS: usize = 5000;
const IN_EACH: usize = 50;
/// How many sequences run at the same time.
const AT_ONCE: usize = 4;

fn definition() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crds/teamreadinesses.yaml");
    let text = std::fs::read_to_string(file).expect("the definition is there");
    serde_saphyr::from_str(&text).expect("the definition can be read")
}

async fn define(client: &Client) {
    let crds: kube::Api<kube::api::DynamicObject> = kube::Api::all_with(
        client.clone(),
        &kube::api::ApiResource {
            group: "apiextensions.k8s.io".into(),
            version: "v1".into(),
            api_version: "apiextensions.k8s.io/v1".into(),
            kind: "CustomResourceDefinition".into(),
            plural: "customresourcedefinitions".into(),
        },
    );
    let crd = serde_json::from_value(definition()).expect("a definition");
    let made = crds.create(&kube::api::PostParams::default(), &crd).await.expect("the definition is accepted");
    let name = made.metadata.name.unwrap_or_default();
    let established = async || {
        let now = crds.get(&name).await.map_err(|error| error.to_string())?;
        let conditions = now.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let done = conditions.iter().any(|c| c["type"] == "Established" && c["status"] == "True");
        if done { Ok(()) } else { Err(format!("{conditions:?}")) }
    };
    let limit = std::time::Duration::from_secs(120);
    control_plane::wait::until("the definition is served", limit, established).await.expect("it is");
}

/// Where the two servers parted.
struct Parting {
    seed: u64,
    steps: Vec<String>,
    real: Answer,
    ours: Answer,
}

async fn tell(seed: u64, real: &Client, ours: &Client) -> (usize, Option<Parting>) {
    let namespace = format!("f-{seed:04}");
    let mut story = Story::new(Chance::new(seed), &namespace);
    let (mut real, mut ours) = (Server::new(real.clone()), Server::new(ours.clone()));
    let mut steps = Vec::new();
    for server in [&mut real, &mut ours] {
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        server.ask("POST", "/api/v1/namespaces", "application/json", &body).await;
    }
    let watches = (watching::begin(&real, &namespace).await, watching::begin(&ours, &namespace).await);
    for n in 0..IN_EACH {
        let step = story.step();
        let (a, b) = tokio::join!(step.ask(&mut real), step.ask(&mut ours));
        let version = |answer: &Answer| answer.body["metadata"]["resourceVersion"].to_string();
        steps.push(format!("{step}\n      -> {} {} {} {}", a.code, version(&a), b.code, version(&b)));
        if !known::are_alike(&step, &a, &b) {
            return (n + 1, Some(Parting { seed, steps, real: a, ours: b }));
        }
        story.learn(&step, &a);
    }
    for server in [&mut real, &mut ours] {
        watching::finish(server, &namespace).await;
    }
    let (a, b) = (watches.0.told(&mut real).await, watches.1.told(&mut ours).await);
    steps.push("the watches".into());
    if a != b {
        let answer = |body| Answer { code: 0, body };
        return (IN_EACH, Some(Parting { seed, steps, real: answer(a), ours: answer(b) }));
    }
    (IN_EACH, None)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_requests_have_the_same_answers() {
    let plane = ControlPlane::builder().api_only().start().await.expect("a control plane");
    let real = plane.admin().expect("access").client().expect("a client");
    define(&real).await;
    let server = ApiServer::builder().definition(&definition()).start();
    let ours = server.client(User::admin());
    let wanted: usize =
        std::env::var("SIMAPI_FIDELITY_OPERATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(OPERATIONS);
    let first: u64 = std::env::var("SIMAPI_FIDELITY_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let begun = std::time::Instant::now();
    let seeds: Vec<u64> = (first..first + (wanted / IN_EACH) as u64).collect();
    let (mut count, mut partings) = (0, Vec::new());
    for some in seeds.chunks(AT_ONCE) {
        let told = futures::future::join_all(some.iter().map(|seed| tell(*seed, &real, &ours))).await;
        for (n, parting) in told {
            count += n;
            partings.extend(parting);
        }
    }
    println!("{count} requests in {:?}, {} partings", begun.elapsed(), partings.len());
    for parting in partings.iter().take(12) {
        let Parting { seed, steps, real, ours } = parting;
        let last = steps.last().map_or("", String::as_str);
        println!("--- seed {seed}, request {}: {last}\n{}", steps.len(), answers::differences(real, ours));
        if seeds.len() == 1 {
            println!("{}", steps.join("\n"));
        }
    }
    assert!(partings.is_empty(), "the servers parted {} times", partings.len());
}
