//! Words that are of no use any more: on releases that have ended or are gone. A team's lists are bounded, and an
//! entry stays until somebody takes it out.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use serde_json::Value;

use crate::cli::cluster::Cluster;
use crate::cli::cluster::read::{as_release, over};
use crate::cli::screen::text::{count, inert};
use crate::cluster::writes::RELEASES;
use crate::domain::ObjectName;

/// How many releases are asked for at the same time.
const AT_ONCE: usize = 8;

/// A list of words in a team's spec, and how many it takes.
#[derive(Clone, Copy, Debug)]
pub struct List {
    pub field: &'static str,
    pub most: usize,
}

pub const SIGN_OFFS: List = List { field: "signOffs", most: 128 };
pub const TASKS_DONE: List = List { field: "tasksDone", most: 64 };

/// What somebody has said of releases that are over.
#[derive(Debug, Default)]
pub struct Old {
    /// By whom.
    by: String,
    releases: BTreeSet<String>,
    words: usize,
}

impl Old {
    /// Looks for it once a list is half full: until then it tells who signed what has shipped. Only what the person
    /// said themselves counts, for nobody may take another's word back; and only what they may see to be over.
    pub async fn of(cluster: &Cluster, team: &Value, list: List, by: &str) -> Self {
        let words = team["spec"][list.field].as_array().map(Vec::as_slice).unwrap_or_default();
        if words.len() * 2 < list.most {
            return Self::default();
        }
        let own = || words.iter().filter(|word| word["by"] == by).filter_map(|word| word["release"].as_str());
        let named: BTreeSet<&str> = own().collect();
        let asked = futures::stream::iter(named.into_iter().map(|name| is_over(cluster, name)));
        let releases: BTreeSet<String> = asked.buffer_unordered(AT_ONCE).filter_map(std::future::ready).collect().await;
        let words = own().filter(|name| releases.contains(*name)).count();
        Self { by: by.to_owned(), releases, words }
    }

    /// Whether this word is one of them.
    #[must_use]
    pub fn has(&self, word: &Value) -> bool {
        word["by"] == self.by.as_str() && word["release"].as_str().is_some_and(|name| self.releases.contains(name))
    }

    /// Tells whoever took them out.
    pub fn tell(&self, team: &ObjectName) {
        if self.words > 0 {
            let words = count(self.words, "earlier word");
            let team = inert(&team.to_string());
            eprintln!("note: {words} of yours went from TeamReadiness {team}: their releases have ended or are gone");
        }
    }
}

/// The release's name, if it is known to have ended or not to exist.
async fn is_over(cluster: &Cluster, name: &str) -> Option<String> {
    let (namespace, release) = name.split_once('/')?;
    let over = match cluster.api.get(RELEASES, namespace, release).await {
        Ok(None) => true,
        Ok(Some(found)) => as_release(&found).is_ok_and(|release| over(&release)),
        Err(_) => false,
    };
    over.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::crds::crds;

    #[test]
    fn the_lists_take_as_many_words_as_the_schema_says() {
        let (_, team) =
            crds().into_iter().find(|(_, crd)| crd["spec"]["names"]["kind"] == "TeamReadiness").expect("a definition");
        for list in [SIGN_OFFS, TASKS_DONE] {
            let field = format!("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/{}", list.field);
            assert_eq!(team.pointer(&field).expect("a list")["maxItems"], list.most, "{}", list.field);
        }
    }
}
