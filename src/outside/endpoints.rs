//! The endpoints that the admin defined, in a file that teams cannot write.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// The largest file that is read, in bytes.
const LARGEST: u64 = 256 * 1024;

/// All endpoints, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    #[serde(default)]
    pub endpoints: BTreeMap<String, Endpoint>,
}

/// One endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    pub kind: EndpointKind,
    /// `http://` or `https://`, a host, perhaps a port and a path. Credentials in it are refused.
    pub url: String,
    /// It may lie at a private or loopback address.
    #[serde(default)]
    pub private: bool,
    /// The certificate authority to trust, in PEM; absent: those of the operator's image.
    #[serde(default)]
    pub ca: Option<String>,
    /// Whose teams may name it; empty: everybody's.
    #[serde(default)]
    pub namespaces: Vec<String>,
}

/// What an endpoint is for. A query text is never sent to one that takes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum EndpointKind {
    Http,
    Prometheus,
}

impl Endpoints {
    /// Reads the file. A file that is not there defines nothing.
    ///
    /// # Errors
    ///
    /// What is wrong with it; then no endpoint is usable.
    pub async fn read(file: &Path) -> Result<Self, String> {
        match tokio::fs::metadata(file).await {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error.to_string()),
            Ok(about) if about.len() > LARGEST => return Err(format!("it is larger than {LARGEST} bytes")),
            Ok(_) => {}
        }
        let text = tokio::fs::read_to_string(file).await.map_err(|e| e.to_string())?;
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(&text).map_err(|e| e.to_string())
    }

    /// The endpoint of this name and kind, if a team in this namespace may use it.
    ///
    /// # Errors
    ///
    /// What the admin has to do. Whether an endpoint exists that the namespace may not use is not told.
    pub fn find(&self, name: &str, kind: EndpointKind, namespace: &str) -> Result<&Endpoint, String> {
        self.endpoints
            .get(name)
            .filter(|e| e.kind == kind && (e.namespaces.is_empty() || e.namespaces.iter().any(|n| n == namespace)))
            .ok_or_else(|| format!("no {kind:?} endpoint {name} is defined for namespace {namespace}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "endpoints:
  mesh: {kind: Prometheus, url: 'http://prometheus.monitoring.svc:9090', private: true, namespaces: [core]}
  shop: {kind: Http, url: 'https://shop.example/healthz'}
";

    #[test]
    fn a_team_finds_only_what_is_for_it_and_of_the_kind_it_asks_for() {
        let all: Endpoints = serde_saphyr::from_str(FILE).expect("it is read");
        assert!(all.find("mesh", EndpointKind::Prometheus, "core").is_ok_and(|e| e.private));
        assert!(all.find("shop", EndpointKind::Http, "anywhere").is_ok_and(|e| !e.private));
        for (name, kind, namespace) in [
            ("mesh", EndpointKind::Prometheus, "ui"),
            ("mesh", EndpointKind::Http, "core"),
            ("shop", EndpointKind::Prometheus, "core"),
            ("none", EndpointKind::Http, "core"),
        ] {
            assert!(all.find(name, kind, namespace).is_err(), "{name} {kind:?} {namespace}");
        }
    }

    #[test]
    fn a_field_that_is_not_known_is_an_error_and_not_a_looser_rule() {
        let typo = FILE.replace("namespaces", "namespace");
        assert!(serde_saphyr::from_str::<Endpoints>(&typo).is_err());
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_defines_nothing() {
        assert_eq!(Endpoints::read(Path::new("no/such/file")).await, Ok(Endpoints::default()));
    }
}
