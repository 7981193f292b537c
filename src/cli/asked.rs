//! What nearly every verb is asked with: how its answer looks, and which cluster it is about.

use chrono::TimeDelta;

use super::Failure;
use super::cluster::{Cluster, ClusterArgs};
use super::screen::{DisplayArgs, Output, Screen};
use crate::api::time::duration_from_wire;

/// Reads a duration, zero included; what is none is told such ones.
pub fn duration(such_as: &'static str) -> impl Fn(&str) -> Result<TimeDelta, String> + Clone {
    move |text| duration_from_wire(text).ok_or_else(|| format!("write a duration such as {such_as}"))
}

/// For verbs that answer people and programs.
#[derive(clap::Args, Debug)]
pub struct Asked {
    #[command(flatten)]
    pub output: Output,
    #[command(flatten)]
    pub place: Place,
}

/// For verbs that answer people only.
#[derive(clap::Args, Debug)]
pub struct Place {
    #[command(flatten)]
    pub display: DisplayArgs,
    #[command(flatten)]
    pub cluster: ClusterArgs,
}

impl Place {
    /// The screen that shows the answer, and the cluster. No request is sent yet.
    ///
    /// # Errors
    ///
    /// When there is no cluster to be found.
    pub async fn reach(&self) -> Result<(Screen, Cluster), Failure> {
        Ok((Screen::of(&self.display), Cluster::find(&self.cluster).await?))
    }
}
