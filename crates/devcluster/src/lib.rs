//! A Kubernetes API in memory, for trying, tests and checks.
