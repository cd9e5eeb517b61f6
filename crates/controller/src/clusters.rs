//! Destination clusters, connected when an App first names them.

use crate::error::ReconcileError;
use crate::snapshot::{ArgoRules, Snapshot};
use fairway_argocd::{ClusterSecret, IN_CLUSTER_NAME, IN_CLUSTER_SERVER};
use fairway_cluster::{Cluster, ClusterEvent, ClusterState, RemoteCluster, from_remote};
use fairway_core::{Destination, GroupKind, Str};
use fairway_schema::Schemas;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// A destination that is known.
#[derive(Clone)]
pub struct Place {
    /// API server address, as projects compare it.
    pub server: Str,
    /// Name, as projects compare it.
    pub name: Str,
    /// The cluster.
    pub cluster: Arc<Cluster>,
    /// What its kinds mean, those of its CRDs among them.
    pub schemas: Arc<Schemas>,
}

/// A cluster and what its kinds mean.
struct Member {
    cluster: Arc<Cluster>,
    schemas: RwLock<Arc<Schemas>>,
    /// Whether its CRDs have changed since they were read.
    is_outdated: AtomicBool,
}

impl Member {
    fn new(cluster: Arc<Cluster>) -> Self {
        let builtin = Schemas::with_crds([]).expect("because the built-in kinds read");
        Self { cluster, schemas: RwLock::new(Arc::new(builtin)), is_outdated: AtomicBool::new(true) }
    }

    fn place(&self, server: Str, name: Str) -> Place {
        let schemas = self.schemas.read().unwrap_or_else(PoisonError::into_inner).clone();
        Place { server, name, cluster: self.cluster.clone(), schemas }
    }

    fn crds_changed(&self) {
        self.is_outdated.store(true, Ordering::Relaxed);
        self.cluster.kinds_changed();
    }

    fn reload_schemas(&self) {
        if !self.is_outdated.swap(false, Ordering::Relaxed) {
            return;
        }
        let crds =
            self.cluster.cache().of_kind(&GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition"));
        match Schemas::with_crds(crds.iter().map(|c| c.value())) {
            Ok(schemas) => *self.schemas.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(schemas),
            Err(error) => {
                tracing::warn!(error = %error, "a CRD's schema cannot be read; its objects are dry-run");
            }
        }
    }
}

struct Remote {
    secret: ClusterSecret,
    member: Arc<Member>,
    task: JoinHandle<()>,
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The home cluster and those that Secrets describe.
pub struct Clusters {
    home: Member,
    rules: Arc<ArgoRules>,
    remotes: Mutex<HashMap<Str, Remote>>,
    events: mpsc::UnboundedSender<(Str, ClusterEvent)>,
}

impl Clusters {
    /// Builds a registry. Events of remote clusters are sent on with the cluster's address.
    #[must_use]
    pub fn new(
        home: Arc<Cluster>,
        rules: Arc<ArgoRules>,
        events: mpsc::UnboundedSender<(Str, ClusterEvent)>,
    ) -> Self {
        Self { home: Member::new(home), rules, remotes: Mutex::default(), events }
    }

    /// Returns the home cluster.
    #[must_use]
    pub fn home(&self) -> &Arc<Cluster> {
        &self.home.cluster
    }

    /// Says that CRDs or APIServices of a cluster have changed; `None` is the home cluster.
    pub(crate) fn crds_changed(&self, server: Option<&str>) {
        match server {
            None => self.home.crds_changed(),
            Some(server) => {
                let remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
                remotes.get(server).into_iter().for_each(|r| r.member.crds_changed());
            }
        }
    }

    /// Reads the CRDs of the clusters where they have changed.
    pub(crate) fn reload_schemas(&self) {
        self.home.reload_schemas();
        let remotes: Vec<Arc<Member>> = {
            let remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
            remotes.values().map(|r| r.member.clone()).collect()
        };
        remotes.iter().for_each(|member| member.reload_schemas());
    }

    /// Finds an App's destination and connects to it where that has not been done.
    ///
    /// # Errors
    /// No Secret describes it, its Secret is broken, or it is away.
    pub async fn find(&self, to: &Destination, snapshot: &Snapshot) -> Result<Place, ReconcileError> {
        let described = snapshot.clusters.iter().find(|c| {
            if to.name.is_empty() {
                c.server.trim_end_matches('/') == to.server.trim_end_matches('/')
            } else {
                c.name == to.name
            }
        });
        let is_home = to.server == IN_CLUSTER_SERVER || (to.server.is_empty() && to.name == IN_CLUSTER_NAME);
        match described {
            Some(secret) if secret.server != IN_CLUSTER_SERVER => self.remote(secret).await,
            _ if is_home => {
                let name = described.map_or_else(|| IN_CLUSTER_NAME.into(), |c| c.name.clone());
                let place = self.home.place(IN_CLUSTER_SERVER.into(), name);
                if let ClusterState::Away(why) = self.home().state() {
                    return Err(ReconcileError::Cluster(away(&place.server, &why)));
                }
                Ok(place)
            }
            Some(secret) => Ok(self.home.place(secret.server.clone(), secret.name.clone())),
            None if to.name.is_empty() => Err(ReconcileError::Destination(format!(
                "application destination server {} is not known: there are no clusters with this address; add its \
                 cluster Secret",
                to.server
            ))),
            None => Err(ReconcileError::Destination(format!(
                "unable to find destination server: there are no clusters with this name: {}",
                to.name
            ))),
        }
    }

    async fn remote(&self, secret: &ClusterSecret) -> Result<Place, ReconcileError> {
        let known = {
            let remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
            remotes.get(&secret.server).filter(|r| r.secret == *secret).map(|r| r.member.clone())
        };
        let member = match known {
            Some(member) => member,
            None => self.connect(secret).await?,
        };
        match member.cluster.state() {
            ClusterState::Ready => Ok(member.place(secret.server.clone(), secret.name.clone())),
            ClusterState::Starting => {
                Err(ReconcileError::Cluster(away(&secret.server, "its objects are being listed")))
            }
            ClusterState::Away(why) => Err(ReconcileError::Cluster(away(&secret.server, &why))),
        }
    }

    async fn connect(&self, secret: &ClusterSecret) -> Result<Arc<Member>, ReconcileError> {
        let remote = RemoteCluster {
            server: secret.server.to_string(),
            bearer_token: secret.bearer_token.reveal().to_owned(),
            username: secret.username.to_string(),
            password: secret.password.reveal().to_owned(),
            insecure: secret.insecure,
            server_name: secret.tls_server_name.to_string(),
            ca_data: secret.ca_data.to_string(),
            cert_data: secret.cert_data.reveal().to_owned(),
            key_data: secret.key_data.reveal().to_owned(),
        };
        let broken = |e: fairway_cluster::ConfigError| ReconcileError::Destination(e.to_string());
        let config = from_remote(&remote).await.map_err(broken)?;
        let (cluster, mut received) = Cluster::new(config, self.rules.clone()).map_err(broken)?;
        let (events, server, running) = (self.events.clone(), secret.server.clone(), cluster.clone());
        let task = tokio::spawn(async move {
            let pump = async {
                while let Some(event) = received.recv().await {
                    if events.send((server.clone(), event)).is_err() {
                        return;
                    }
                }
            };
            tokio::join!(running.run(), pump);
        });
        let member = Arc::new(Member::new(cluster));
        let entry = Remote { secret: secret.clone(), member: member.clone(), task };
        self.remotes.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.server.clone(), entry);
        Ok(member)
    }

    /// Drops the connections to clusters that no Secret describes any more.
    pub fn retain(&self, snapshot: &Snapshot) {
        let mut remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
        remotes.retain(|server, _| snapshot.clusters.iter().any(|c| c.server == *server));
    }
}

fn away(server: &str, why: &str) -> fairway_core::ApiError {
    fairway_core::ApiError::new(
        fairway_core::ApiErrorKind::Unreachable,
        0,
        format!("Failed to load live state: cluster {server} is away: {why}"),
    )
}
