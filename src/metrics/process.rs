//! The `process_*` metrics, read from `/proc` at each scrape; what cannot be read is left out.

use std::fs;
use std::sync::atomic::AtomicU64;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::Gauge;

/// Clock ticks per second in `/proc`: part of Linux's ABI on every architecture we build for.
const TICKS: f64 = 100.0;
const KIBIBYTE: f64 = 1024.0;

#[derive(Debug)]
pub(super) struct Process;

/// The fields of `/proc/self/stat` from the third on; the second may hold spaces and parentheses.
fn stat() -> Option<Vec<f64>> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split(' ').map(|field| field.trim().parse().unwrap_or(0.0)).collect())
}

/// The first number after a key at the start of a line of a file.
fn number(path: &str, key: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().find_map(|word| word.parse().ok())
}

fn gauge(encoder: &mut DescriptorEncoder, name: &str, help: &str, value: Option<f64>) -> std::fmt::Result {
    let Some(value) = value else { return Ok(()) };
    let gauge = Gauge::<f64, AtomicU64>::default();
    gauge.set(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder) -> std::fmt::Result {
        let stat = stat();
        let field = |number: usize| stat.as_ref().and_then(|fields| fields.get(number - 3).copied());
        if let Some(ticks) = field(14).zip(field(15)).map(|(user, system)| user + system) {
            let cpu = ConstCounter::new(ticks / TICKS);
            let help = "User and system CPU time";
            cpu.encode(encoder.encode_descriptor("process_cpu_seconds", help, None, cpu.metric_type())?)?;
        }
        let boot = number("/proc/stat", "btime ");
        let start = boot.zip(field(22)).map(|(boot, ticks)| boot + ticks / TICKS);
        gauge(&mut encoder, "process_start_time_seconds", "Start since the Unix epoch", start)?;
        let resident = number("/proc/self/status", "VmRSS:").map(|kib| kib * KIBIBYTE);
        gauge(&mut encoder, "process_resident_memory_bytes", "Resident memory", resident)?;
        gauge(&mut encoder, "process_virtual_memory_bytes", "Virtual memory", field(23))?;
        let open = fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as f64);
        gauge(&mut encoder, "process_open_fds", "Open file descriptors", open)?;
        let most = number("/proc/self/limits", "Max open files");
        gauge(&mut encoder, "process_max_fds", "Most file descriptors allowed", most)
    }
}
