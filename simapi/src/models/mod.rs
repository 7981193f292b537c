//! Small models of what else is at work in a cluster: the workload controllers, the kubelets, the garbage collector,
//! an autoscaler and a GitOps agent. Each acts as a real one would, a moment after what it reacts to.
//!
//! A model never reads the clock by itself and never chooses at random: it is a pass over what is stored, which does
//! the next small thing and says when it wants to look again.

mod cluster;
mod daemon_set;
mod deployment;
mod garbage;
mod gitops;
mod job;
mod kubelet;
mod pods;
mod replica_set;
mod revisions;
mod rollout;
mod scaler;
mod stateful_set;

pub use cluster::{Cluster, Delays};
pub use gitops::{Git, GitOps};
pub use scaler::Autoscaler;
