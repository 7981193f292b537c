//! Which programs a control plane is made of, and from which sources they are built.
//!
//! A component is a folder below `components/` with a `go.mod` (whose `tool` lines name the
//! programs and whose `require` lines hold the versions) and a `go.sum` (the checksum of every
//! module). Nothing here says a version a second time. To offer a further Kubernetes version, add
//! such a folder and one line to [`KUBERNETES`].
//!
//! This module never touches the disk or the network; [`crate::cache`] does.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::error::Error;

/// A program of a control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The store.
    Etcd,
    /// The API server.
    ApiServer,
    /// The controllers of Deployments, Jobs and all the other built-in kinds.
    ControllerManager,
    /// The scheduler.
    Scheduler,
    /// The command-line client.
    Kubectl,
    /// The fake kubelets.
    Kwok,
}

impl Tool {
    /// Every program.
    pub const ALL: [Tool; 6] =
        [Tool::Etcd, Tool::ApiServer, Tool::ControllerManager, Tool::Scheduler, Tool::Kubectl, Tool::Kwok];

    /// Its file name.
    pub const fn name(self) -> &'static str {
        match self {
            Tool::Etcd => "etcd",
            Tool::ApiServer => "kube-apiserver",
            Tool::ControllerManager => "kube-controller-manager",
            Tool::Scheduler => "kube-scheduler",
            Tool::Kubectl => "kubectl",
            Tool::Kwok => "kwok",
        }
    }
}

/// Sources that are built together.
#[derive(Debug)]
pub struct Component {
    /// Its name, which begins the name of its folder in the cache.
    pub name: &'static str,
    /// The module whose version is the component's version.
    module: &'static str,
    pub(crate) go_mod: &'static str,
    pub(crate) go_sum: &'static str,
    /// The programs, each with the file name under which the build leaves it.
    pub(crate) tools: &'static [(Tool, &'static str)],
    /// The packages in which a Kubernetes program looks up its own version.
    stamped: &'static [&'static str],
}

/// The Kubernetes versions on offer, the default one first.
pub static KUBERNETES: &[Component] = &[
    kubernetes(include_str!("../components/kubernetes/go.mod"), include_str!("../components/kubernetes/go.sum")),
    // The newest minor version that has no MutatingAdmissionPolicy of version v1.
    kubernetes(
        include_str!("../components/kubernetes-1.34/go.mod"),
        include_str!("../components/kubernetes-1.34/go.sum"),
    ),
];

/// The programs of one Kubernetes version.
const fn kubernetes(go_mod: &'static str, go_sum: &'static str) -> Component {
    Component {
        name: "kubernetes",
        module: "k8s.io/kubernetes",
        go_mod,
        go_sum,
        tools: &[
            (Tool::ApiServer, "kube-apiserver"),
            (Tool::ControllerManager, "kube-controller-manager"),
            (Tool::Scheduler, "kube-scheduler"),
            (Tool::Kubectl, "kubectl"),
        ],
        stamped: &["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"],
    }
}

/// The store; one version serves every Kubernetes version on offer.
pub static ETCD: Component = Component {
    name: "etcd",
    module: "go.etcd.io/etcd/server/v3",
    go_mod: include_str!("../components/etcd/go.mod"),
    go_sum: include_str!("../components/etcd/go.sum"),
    tools: &[(Tool::Etcd, "server")],
    stamped: &[],
};

/// The fake kubelets.
pub static KWOK: Component = Component {
    name: "kwok",
    module: "sigs.k8s.io/kwok",
    go_mod: include_str!("../components/kwok/go.mod"),
    go_sum: include_str!("../components/kwok/go.sum"),
    tools: &[(Tool::Kwok, "kwok")],
    stamped: &[],
};

impl Component {
    /// Its version, such as `v1.37.2`, as its `go.mod` requires it.
    ///
    /// # Errors
    /// [`Error::Invalid`] when the `go.mod` requires no version of the component's module.
    pub fn version(&self) -> Result<&'static str, Error> {
        self.go_mod
            .lines()
            .filter_map(|line| line.trim().trim_start_matches("require ").split_once(' '))
            .find(|(module, _)| *module == self.module)
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .filter(|version| version.starts_with('v'))
            .ok_or_else(|| Error::Invalid(format!("components/{}: go.mod requires no {}", self.name, self.module)))
    }

    /// What the linker is told: no debug tables, and for Kubernetes the version it reports, in
    /// the form its own release build uses.
    pub(crate) fn linker_flags(&self) -> Result<String, Error> {
        let version = self.version()?;
        let mut numbers = version.trim_start_matches('v').split('.');
        let (major, minor) = (numbers.next().unwrap_or(""), numbers.next().unwrap_or(""));
        let mut flags = "-s -w".to_owned();
        for package in self.stamped {
            for (variable, value) in
                [("gitVersion", version), ("gitMajor", major), ("gitMinor", minor), ("gitTreeState", "clean")]
            {
                let _ = write!(flags, " -X {package}.{variable}={value}");
            }
        }
        Ok(flags)
    }

    /// The name of its folder in the cache: name, version, and a digest of everything that
    /// decides what is built.
    pub(crate) fn folder(&self) -> Result<String, Error> {
        let digest = digest(&[
            self.go_mod,
            self.go_sum,
            &self.linker_flags()?,
            &BUILD_ENVIRONMENT.map(|(name, value)| format!("{name}={value}")).join(" "),
            std::env::consts::OS,
            std::env::consts::ARCH,
        ]);
        Ok(format!("{}-{}-{digest}", self.name, self.version()?))
    }
}

/// How every component is built: static programs, from exactly the pinned modules, by the Go that
/// is installed.
pub(crate) const BUILD_ENVIRONMENT: [(&str, &str); 3] =
    [("CGO_ENABLED", "0"), ("GOFLAGS", "-mod=readonly"), ("GOTOOLCHAIN", "local")];

/// The components of a control plane of the given Kubernetes version: `None` for the default,
/// otherwise the beginning of a version, such as `1.37` or `v1.37.2`.
///
/// # Errors
/// [`Error::Invalid`] when no such version is on offer; the text names those that are.
pub fn components(kubernetes: Option<&str>) -> Result<[&'static Component; 3], Error> {
    for component in KUBERNETES {
        let version = component.version()?.trim_start_matches('v');
        let wanted = kubernetes.unwrap_or(version).trim_start_matches('v');
        let rest = version.strip_prefix(wanted);
        if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
            return Ok([component, &ETCD, &KWOK]);
        }
    }
    let offered: Vec<_> = KUBERNETES.iter().filter_map(|one| one.version().ok()).collect();
    Err(Error::Invalid(format!(
        "Kubernetes {} is not on offer, only {}",
        kubernetes.unwrap_or("default"),
        offered.join(", ")
    )))
}

/// The first 16 hexadecimal digits of the SHA-256 of the parts, each ended by a zero byte.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
