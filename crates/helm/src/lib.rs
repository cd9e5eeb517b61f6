//! Helm charts in memory to manifests, as Helm 3 renders them.
//!
//! ```text
//! FileTree / .tgz ──load──► Chart ──► CompiledChart ─┐
//! values files, --set … ──merge──► values ───────────┤ render ──► Release ──► stream (as `helm template` prints)
//! release, capabilities ─────────────────────────────┘                   └──► objects, hooks, CRDs, notes
//! ```
//!
//! A [`Chart`] is parsed once and rendered as often as wanted: [`CompiledChart`] keeps its templates compiled.
//!
//! This crate does no I/O: files come from a [`fairway_core::FileTree`], the time and random bytes through
//! [`fairway_template::Ports`], a cluster through [`fairway_template::Lookup`]. It knows no Argo CD and no repositories.

mod archive;
mod capabilities;
mod chart;
mod compiled;
mod decode;
mod dependency;
mod engine;
mod error;
mod explain;
mod go_match;
mod hook;
mod ignore;
mod lint;
mod load;
mod lookup;
mod manifest;
mod metadata;
mod pack;
mod provenance;
mod release;
mod release_name;
mod schema;
mod show;
mod strvals;
mod tree;
mod values;

pub use archive::{CHART_BYTES_MAX, FILE_BYTES_MAX, archive_tree};
pub use capabilities::{DEFAULT_API_VERSIONS, DEFAULT_KUBE_VERSION, HELM_VERSION, HelmVersion, KubeVersion};
pub use chart::{Chart, Crd, File};
pub use compiled::{CompiledChart, Options, Outside};
pub use dependency::ChartFetcher;
pub use engine::RenderedFile;
pub use error::Error;
pub use hook::{Hook, HookEvent};
pub use lint::{Finding, Severity, lint};
pub use lookup::RecordedObjects;
pub use manifest::Manifest;
pub use metadata::{Dependency, Lock, Maintainer, Metadata};
pub use provenance::{Verification, verify};
pub use release::{Release, RenderedObject, Show};
pub use release_name::name_of_template;
pub use schema::{Schema, SchemaSource};
pub use strvals::{FileReader, Kind as SetKind, escape_commas, set};
pub use values::{ValueSources, ValuesFile, merge_maps};
