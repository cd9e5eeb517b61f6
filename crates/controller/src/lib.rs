//! The loop: carries each App along the line and writes its status.
//!
//! ```text
//! watch events, pushes, timers ──► Queue ──► reconcile ──► desired ──► compare ──► operate ──► status
//!                                    ▲          (one pass an App at a time)          │
//!                                    └───────────────── a sync ends ◄──── apply ◄────┘
//! ```
//!
//! The loop is level-based: a pass looks at what is wanted and at what is, never at what happened. What it remembers
//! between passes is a cache; losing it costs work and nothing else. Decisions are made by the pure crates; this one
//! carries values between them and does the waiting.

mod actions;
mod api;
mod app_entry;
mod appset;
mod appset_data;
mod clusters;
mod compare;
mod deletion;
mod desired;
mod elsewhere;
mod engine;
mod error;
mod forge;
mod lacking;
mod ledger;
mod lookup;
mod mask;
mod metrics;
mod operate;
mod orphans;
mod poll;
mod queue;
mod reconcile;
mod remote;
mod respect;
mod scripts;
mod snapshot;
mod status;
mod tree;

pub use app_entry::AppView;
pub use clusters::Place;
pub use compare::{Compared, ObjectState, VerdictCache};
pub use desired::{RenderStats, Target};
pub use engine::{Engine, EngineEvent, EngineOptions, Ports, StartError, SystemClock, Wiring};
pub use error::ReconcileError;
pub use fairway_lua::{Action, ActionError, ActionParam, Effect, EffectKind};
pub use mask::{mask, mask_all};
pub use metrics::Metrics;
pub use orphans::Watched;
pub use queue::Level;
pub use remote::RemoteSources;
pub use snapshot::Snapshot;
pub use tree::managed_resources;
