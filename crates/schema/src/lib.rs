//! What Kubernetes types mean: scope, merge keys, defaults, ownership.
