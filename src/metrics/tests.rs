use super::*;

/// One sample of every metric that dashboards and alerts may name, as a scrape shows it.
const SAMPLES: &[&str] = &[
    r#"controller_runtime_reconcile_total{controller="release",result="success"} 1"#,
    r#"controller_runtime_reconcile_total{controller="release",result="requeue_after"} 1"#,
    r#"controller_runtime_reconcile_total{controller="release",result="error"} 1"#,
    r#"controller_runtime_reconcile_errors_total{controller="release"} 0"#,
    r#"controller_runtime_terminal_reconcile_errors_total{controller="release"} 0"#,
    r#"controller_runtime_reconcile_panics_total{controller="release"} 0"#,
    r#"controller_runtime_reconcile_timeouts_total{controller="release"} 0"#,
    r#"controller_runtime_reconcile_time_seconds_bucket{le="0.005",controller="release"} 0"#,
    r#"controller_runtime_reconcile_time_seconds_bucket{le="60.0",controller="release"} 0"#,
    r#"controller_runtime_max_concurrent_reconciles{controller="release"} 0"#,
    r#"controller_runtime_active_workers{controller="release"} 0"#,
    r#"workqueue_depth{name="release",controller="release",priority="0"} 0"#,
    r#"workqueue_adds_total{name="release",controller="release"} 0"#,
    r#"workqueue_retries_total{name="release",controller="release"} 0"#,
    r#"workqueue_queue_duration_seconds_count{name="release",controller="release"} 0"#,
    r#"workqueue_work_duration_seconds_count{name="release",controller="release"} 0"#,
    r#"workqueue_unfinished_work_seconds{name="release",controller="release"} 3.0"#,
    r#"workqueue_longest_running_processor_seconds{name="release",controller="release"} 2.0"#,
    r#"rest_client_requests_total{code="200",method="GET",host="api:6443"} 1"#,
    r#"rest_client_requests_total{code="<error>",method="PUT",host="api:6443"} 1"#,
    r#"rest_client_request_duration_seconds_count{verb="GET",host="api:6443"} 1"#,
    r#"leader_election_master_status{name="rollcall"} 1"#,
    r#"leader_election_slowpath_total{name="rollcall"} 1"#,
    "process_cpu_seconds_total ",
    "process_start_time_seconds ",
    "process_resident_memory_bytes ",
    "process_virtual_memory_bytes ",
    "process_open_fds ",
    "process_max_fds ",
    "rollcall_clock_skew_seconds 0.25",
    r#"rollcall_cache_lag_seconds{kind="Deployment"} 4.0"#,
    "rollcall_holds 7",
    r#"rollcall_blocked{gate="window"} 3"#,
    r#"rollcall_grants_total{result="granted"} 1"#,
    "rollcall_cas_conflicts_total 1",
    "rollcall_policy_intact 1",
    r#"rollcall_zone_data{version="2026f"} 1"#,
    r#"rollcall_windows{state="stale"} 2"#,
    "rollcall_gate_open_latency_seconds_count 1",
    r#"rollcall_release_phase{phase="Holding"} 2"#,
];

fn filled() -> Metrics {
    let metrics = Metrics::new();
    let controller = metrics.controller("release");
    for result in [RunResult::Success, RunResult::RequeueAfter, RunResult::Error] {
        controller.finished(result);
    }
    metrics.on_scrape(move |_| controller.set_running(Duration::from_secs(3), Duration::from_secs(2)));
    metrics.request("GET", "api:6443", Some(200), Duration::from_millis(8));
    metrics.request("PUT", "api:6443", None, Duration::from_secs(10));
    metrics.set_leader("rollcall", true);
    metrics.leader_slow_path("rollcall");
    metrics.set_clock_skew(0.25);
    metrics.on_scrape(|metrics| metrics.set_cache_lag("Deployment", Duration::from_secs(4)));
    metrics.set_holds(7);
    metrics.set_blocked("window", 3);
    metrics.grant("granted");
    metrics.cas_conflict();
    metrics.set_policy_intact(true);
    metrics.set_zone_data("2026f");
    metrics.set_windows("stale", 2);
    metrics.gate_opened(Duration::from_millis(15));
    metrics.set_release_phase("Holding", 2);
    metrics
}

#[test]
fn every_name_is_exactly_as_dashboards_expect() {
    let text = filled().encode();
    for sample in SAMPLES {
        assert!(text.lines().any(|line| line.starts_with(sample)), "no {sample} in\n{text}");
    }
}

#[test]
fn the_text_is_a_whole_scrape() {
    let text = filled().encode();
    assert!(text.ends_with("# EOF\n"));
    assert!(!text.contains("_total_total"));
    let families: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let mut unique = families.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), families.len(), "each family appears once");
}

#[test]
fn the_process_reads_itself() {
    let text = Metrics::new().encode();
    let value =
        |name: &str| -> f64 { text.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().parse().unwrap() };
    assert!(value("process_resident_memory_bytes ") > 1e6);
    assert!(value("process_open_fds ") >= 3.0);
    assert!(value("process_start_time_seconds ") > 1.7e9);
}
