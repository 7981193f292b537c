//! The command lines of the programs: what a real cluster would be given, on loopback, and made
//! quick where no behaviour that a test could see changes. Nothing listens beyond 127.0.0.1.

use std::path::Path;

use crate::builder::Audit;
use crate::components::Tool;
use crate::error::Error;
use crate::home::Home;
use crate::pki::{Authority, token_key};

/// The files every program's command line refers to, inside the plane's folder.
pub(crate) struct Layout<'a> {
    pub(crate) home: &'a Home,
    pub(crate) etcd_port: u16,
    pub(crate) peer_port: u16,
    pub(crate) api_port: u16,
}

/// Makes a command line of pairs; `{}` in a value stands for the plane's folder.
fn flags(home: &Path, pairs: &[(&str, &str)]) -> Vec<String> {
    let home = home.display().to_string();
    pairs.iter().map(|(name, value)| format!("--{name}={}", value.replace("{}", &home))).collect()
}

impl Layout<'_> {
    pub(crate) fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.api_port)
    }

    /// Writes the certificates, keys and configuration files the programs read.
    pub(crate) fn write_files(&self, authority: &Authority, audit: Audit) -> Result<(), Error> {
        self.home.write("ca.crt", authority.pem())?;
        self.home.write("ca.key", authority.key_pem())?;
        let names = [
            "127.0.0.1",
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ];
        for (name, pair) in [
            ("server", authority.server(&names)?),
            ("etcd", authority.server(&["127.0.0.1", "localhost"])?),
            ("etcd-client", authority.client("kube-apiserver", &[])?),
        ] {
            self.home.write(&format!("{name}.crt"), pair.certificate)?;
            self.home.write(&format!("{name}.key"), pair.key)?;
        }
        let (private, public) = token_key()?;
        self.home.write("tokens.key", private)?;
        self.home.write("tokens.pub", public)?;
        self.home.write("stages.yaml", include_str!("stages.yaml"))?;
        if let Some(policy) = audit.policy() {
            self.home.write("audit-policy.json", policy)?;
        }
        Ok(())
    }

    pub(crate) fn etcd(&self, fsync: bool) -> Vec<String> {
        let clients = format!("https://127.0.0.1:{}", self.etcd_port);
        let peers = format!("https://127.0.0.1:{}", self.peer_port);
        let cluster = format!("default={peers}");
        let no_fsync = if fsync { "false" } else { "true" };
        flags(
            self.home.path(),
            &[
                ("data-dir", "{}/etcd"),
                ("listen-client-urls", &clients),
                ("advertise-client-urls", &clients),
                ("listen-peer-urls", &peers),
                ("initial-advertise-peer-urls", &peers),
                ("initial-cluster", &cluster),
                ("client-cert-auth", "true"),
                ("trusted-ca-file", "{}/ca.crt"),
                ("cert-file", "{}/etcd.crt"),
                ("key-file", "{}/etcd.key"),
                ("peer-client-cert-auth", "true"),
                ("peer-trusted-ca-file", "{}/ca.crt"),
                ("peer-cert-file", "{}/etcd.crt"),
                ("peer-key-file", "{}/etcd.key"),
                ("unsafe-no-fsync", no_fsync),
                ("log-level", "warn"),
            ],
        )
    }

    pub(crate) fn api_server(&self, audit: Audit) -> Vec<String> {
        let etcd = format!("https://127.0.0.1:{}", self.etcd_port);
        let port = self.api_port.to_string();
        let mut list = flags(
            self.home.path(),
            &[
                ("etcd-servers", &etcd),
                ("etcd-cafile", "{}/ca.crt"),
                ("etcd-certfile", "{}/etcd-client.crt"),
                ("etcd-keyfile", "{}/etcd-client.key"),
                ("bind-address", "127.0.0.1"),
                ("advertise-address", "127.0.0.1"),
                ("secure-port", &port),
                ("cert-dir", "{}/api-server"),
                ("tls-cert-file", "{}/server.crt"),
                ("tls-private-key-file", "{}/server.key"),
                ("client-ca-file", "{}/ca.crt"),
                ("authorization-mode", "RBAC"),
                ("allow-privileged", "true"),
                ("service-cluster-ip-range", "10.96.0.0/16"),
                ("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
                ("service-account-key-file", "{}/tokens.pub"),
                ("service-account-signing-key-file", "{}/tokens.key"),
                // Endpoints of the `kubernetes` service cannot hold a loopback address, and no
                // pod here ever calls it.
                ("endpoint-reconciler-type", "none"),
                ("profiling", "false"),
            ],
        );
        if audit.policy().is_some() {
            list.extend(flags(
                self.home.path(),
                &[
                    ("audit-policy-file", "{}/audit-policy.json"),
                    ("audit-log-path", "{}/audit.log"),
                    // Event by event, as they happen, rather than in batches.
                    ("audit-log-mode", "blocking"),
                    // All of it in one file: who reads it looks at no other. In megabytes.
                    ("audit-log-maxsize", "100000"),
                ],
            ));
        }
        list
    }

    /// The command line of a client of the API server.
    pub(crate) fn client(&self, tool: Tool, kubeconfig: &Path) -> Vec<String> {
        match tool {
            Tool::Kwok => self.kwok(kubeconfig),
            Tool::Scheduler => self.scheduler(kubeconfig),
            _ => self.controller_manager(kubeconfig),
        }
    }

    fn controller_manager(&self, kubeconfig: &Path) -> Vec<String> {
        let kubeconfig = kubeconfig.display().to_string();
        flags(
            self.home.path(),
            &[
                ("kubeconfig", &kubeconfig),
                ("leader-elect", "false"),
                ("secure-port", "0"),
                ("use-service-account-credentials", "true"),
                ("service-account-private-key-file", "{}/tokens.key"),
                ("root-ca-file", "{}/ca.crt"),
                ("cluster-signing-cert-file", "{}/ca.crt"),
                ("cluster-signing-key-file", "{}/ca.key"),
                ("kube-api-qps", "500"),
                ("kube-api-burst", "1000"),
                // A machine that stalls for a minute must not evict every pod.
                ("node-monitor-grace-period", "10m"),
                ("profiling", "false"),
            ],
        )
    }

    fn scheduler(&self, kubeconfig: &Path) -> Vec<String> {
        let kubeconfig = kubeconfig.display().to_string();
        flags(
            self.home.path(),
            &[
                ("kubeconfig", &kubeconfig),
                ("leader-elect", "false"),
                ("secure-port", "0"),
                ("kube-api-qps", "500"),
                ("kube-api-burst", "1000"),
                ("profiling", "false"),
            ],
        )
    }

    fn kwok(&self, kubeconfig: &Path) -> Vec<String> {
        let kubeconfig = kubeconfig.display().to_string();
        flags(
            self.home.path(),
            &[
                ("kubeconfig", &kubeconfig),
                ("config", "{}/stages.yaml"),
                ("manage-nodes-with-annotation-selector", "kwok.x-k8s.io/node=fake"),
                ("node-lease-duration-seconds", "40"),
                ("node-ip", "10.0.0.1"),
                ("cidr", "10.0.0.0/16"),
                // Without a port kwok serves nothing, neither here nor on other interfaces.
                ("node-port", "0"),
            ],
        )
    }
}
