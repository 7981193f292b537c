//! Starts a real Kubernetes control plane.
