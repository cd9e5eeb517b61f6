//! kustomize build over a tree in memory.
