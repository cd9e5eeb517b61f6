//! The Kubernetes API of a managed cluster.
