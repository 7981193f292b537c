use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Client};
use serde_json::json;
use simapi::faults::{AtWrite, Chaos, Fault, Mishap, StaleReads, Staleness};
use simapi::{ApiServer, Chance, Process, User};
use tokio::time::timeout;

use super::config;

const SOON: Duration = Duration::from_secs(5);

fn with(process: &Process, fault: impl Fault + 'static) -> (ApiServer, Api<ConfigMap>) {
    let server = ApiServer::builder().fault(fault).start();
    server.put(&config("a", "0"));
    let client = Client::new(server.connection(User::new("lena")).of(process), "default");
    (server, Api::default_namespaced(client))
}

/// Whether a write was answered well; nothing, if it was not answered at all.
async fn write(api: &Api<ConfigMap>, value: &str) -> Option<bool> {
    let patch = Patch::Merge(json!({"data": {"key": value}}));
    let written = timeout(SOON, api.patch("a", &PatchParams::default(), &patch)).await;
    written.ok().map(|answer| answer.is_ok())
}

fn stored(server: &ApiServer) -> String {
    let object = server.get("", "configmaps", "default", "a").unwrap();
    object["data"]["key"].as_str().unwrap().to_owned()
}

/// The answers to three writes, and what is stored at last.
async fn check(mishap: Mishap, expected: [Option<bool>; 3], last: &str) {
    let process = Process::new("p");
    let (server, api) = with(&process, AtWrite::new(&process, 2, mishap.clone()));
    for (n, expected) in expected.into_iter().enumerate() {
        assert_eq!(write(&api, &(n + 1).to_string()).await, expected, "{mishap:?}, write {}", n + 1);
    }
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(stored(&server), last, "{mishap:?}");
}

#[tokio::test(start_paused = true)]
async fn each_mishap_befalls_the_write_it_is_meant_for() {
    let (well, badly) = (Some(true), Some(false));
    check(Mishap::CrashBefore, [well, None, None], "1").await;
    check(Mishap::CrashAfter, [well, None, None], "2").await;
    check(Mishap::LoseBefore, [well, badly, well], "3").await;
    check(Mishap::LoseAnswer, [well, badly, well], "3").await;
    check(Mishap::Refuse(simapi::Failure::unavailable()), [well, badly, well], "3").await;
    check(Mishap::RefuseAfter(simapi::Failure::timeout()), [well, badly, well], "3").await;
    // The second write arrives after the third, although whoever sent it has given up: the last word is the second.
    check(Mishap::Delay(Duration::from_secs(20)), [well, None, well], "2").await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stood_still_sends_what_it_had_in_hand() {
    let process = Process::new("p");
    let (server, api) = with(&process, AtWrite::new(&process, 1, Mishap::PauseBefore(Duration::from_secs(30))));
    assert_eq!(write(&api, "late").await, None);
    assert_eq!(stored(&server), "0");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(stored(&server), "late");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_lost_is_not_a_write_that_was_lost() {
    let process = Process::new("p");
    let (server, api) = with(&process, AtWrite::new(&process, 1, Mishap::LoseAnswer));
    assert_eq!(write(&api, "1").await, Some(false));
    assert_eq!(stored(&server), "1");
}

#[tokio::test(start_paused = true)]
async fn stale_reads_are_as_old_as_they_may_be_and_no_older() {
    for (staleness, quorum, any, may_go_back) in [
        (Staleness::Permitted, false, true, false),
        (Staleness::BackInTime, false, true, true),
        (Staleness::QuorumToo, true, true, false),
    ] {
        let process = Process::new("p");
        let (server, api) = with(&process, StaleReads::new(staleness, 100, 5, Chance::new(3)));
        let (mut stale, mut back, mut last) = ([false, false], false, 0);
        for n in 1..40 {
            let patch = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"key": n.to_string()},
                "metadata": {"name": "a", "namespace": "default"}});
            server.act(&User::admin(), simapi::Verb::Patch, &patch, "", "application/merge-patch+json").unwrap();
            for (which, params) in [ListParams::default().match_any(), ListParams::default()].iter().enumerate() {
                let list = api.list(params).await.unwrap();
                let first = list.items.first().and_then(|object| object.data.as_ref());
                let seen: u64 = first.map_or(0, |data| data["key"].parse().unwrap());
                stale[which] |= seen < n;
                back |= seen < last;
                last = seen;
            }
        }
        assert_eq!((stale, back), ([any, quorum], may_go_back), "{staleness:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn chaos_is_the_same_for_the_same_seed_and_ends_when_it_is_healed() {
    let once = |seed| async move {
        let process = Process::new("p");
        let chaos = Chaos::of("lena", Chance::new(seed));
        let (_server, api) = with(&process, chaos.clone());
        let mut answers = Vec::new();
        for n in 0..60 {
            answers.push(write(&api, &n.to_string()).await);
        }
        chaos.heal();
        tokio::time::sleep(Duration::from_secs(60)).await;
        for n in 0..20 {
            assert_eq!(write(&api, &n.to_string()).await, Some(true), "healed");
        }
        answers
    };
    let mut troubled = 0;
    for seed in 0..20 {
        let answers = once(seed).await;
        assert_eq!(answers, once(seed).await);
        troubled += usize::from(answers.iter().any(|answer| *answer != Some(true)));
    }
    assert!(troubled > 10, "{troubled} of 20 seeds had any trouble");
}
