//! Destination clusters, connected when an App first names them.

use crate::error::ReconcileError;
use crate::snapshot::{ArgoRules, Snapshot};
use fairway_argocd::{ClusterSecret, IN_CLUSTER_NAME, IN_CLUSTER_SERVER};
use fairway_cluster::{Cluster, ClusterEvent, ClusterState, RemoteCluster, from_remote};
use fairway_core::{Destination, Str};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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
}

struct Remote {
    secret: ClusterSecret,
    cluster: Arc<Cluster>,
    task: JoinHandle<()>,
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The home cluster and those that Secrets describe.
pub struct Clusters {
    home: Arc<Cluster>,
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
        Self { home, rules, remotes: Mutex::default(), events }
    }

    /// Returns the home cluster.
    #[must_use]
    pub fn home(&self) -> &Arc<Cluster> {
        &self.home
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
                let place = Place { server: IN_CLUSTER_SERVER.into(), name, cluster: self.home.clone() };
                if let ClusterState::Away(why) = self.home.state() {
                    return Err(ReconcileError::Cluster(away(&place.server, &why)));
                }
                Ok(place)
            }
            Some(secret) => Ok(Place {
                server: secret.server.clone(),
                name: secret.name.clone(),
                cluster: self.home.clone(),
            }),
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
        let place = |cluster: &Arc<Cluster>| Place {
            server: secret.server.clone(),
            name: secret.name.clone(),
            cluster: cluster.clone(),
        };
        let known = {
            let remotes = self.remotes.lock().unwrap_or_else(PoisonError::into_inner);
            remotes.get(&secret.server).filter(|r| r.secret == *secret).map(|r| r.cluster.clone())
        };
        let cluster = match known {
            Some(cluster) => cluster,
            None => self.connect(secret).await?,
        };
        match cluster.state() {
            ClusterState::Ready => Ok(place(&cluster)),
            ClusterState::Starting => {
                Err(ReconcileError::Cluster(away(&secret.server, "its objects are being listed")))
            }
            ClusterState::Away(why) => Err(ReconcileError::Cluster(away(&secret.server, &why))),
        }
    }

    async fn connect(&self, secret: &ClusterSecret) -> Result<Arc<Cluster>, ReconcileError> {
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
        let entry = Remote { secret: secret.clone(), cluster: cluster.clone(), task };
        self.remotes.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.server.clone(), entry);
        Ok(cluster)
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
