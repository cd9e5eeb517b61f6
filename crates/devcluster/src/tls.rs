//! TLS with a certificate made here, for the loopback addresses only.

use crate::cluster::{StartError, data_error, write_private};
use axum::serve::Listener;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::server::TlsStream;

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections whose handshake is done and that wait to be served.
const WAITING_MAX: usize = 64;

/// A certificate and what accepts connections with it.
pub(crate) struct Identity {
    /// The certificate, PEM.
    pub(crate) certificate: String,
    pub(crate) acceptor: TlsAcceptor,
}

/// Reads the certificate kept in a folder, or makes one (and keeps it there).
pub(crate) fn identity(folder: Option<&Path>) -> Result<Identity, StartError> {
    let kept = folder.and_then(|dir| {
        let read = |name: &str| std::fs::read_to_string(dir.join(name)).ok();
        let (certificate, key) = (read("tls.crt")?, read("tls.key")?);
        let acceptor = acceptor(&certificate, &key).ok()?;
        Some(Identity { certificate, acceptor })
    });
    if let Some(identity) = kept {
        return Ok(identity);
    }
    let (certificate, key) = make().map_err(|e| StartError::Certificate(e.to_string()))?;
    if let Some(dir) = folder {
        for (name, text) in [("tls.key", &key), ("tls.crt", &certificate)] {
            let path = dir.join(name);
            write_private(&path, text).map_err(|e| data_error(&path, e.to_string()))?;
        }
    }
    let acceptor = acceptor(&certificate, &key).map_err(StartError::Certificate)?;
    Ok(Identity { certificate, acceptor })
}

fn make() -> Result<(String, String), rcgen::Error> {
    let names = ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()];
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name.push(rcgen::DnType::CommonName, "fairway devcluster");
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let key = rcgen::KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

fn acceptor(certificate: &str, key: &str) -> Result<TlsAcceptor, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
    let chain = chain.map_err(|e| e.to_string())?;
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|e| e.to_string())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| e.to_string())?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

type Ready = (TlsStream<TcpStream>, SocketAddr);

/// Accepts connections and does their handshakes beside each other, so that a slow one holds up nobody.
pub(crate) struct TlsListener {
    ready: mpsc::Receiver<Ready>,
    address: std::io::Result<SocketAddr>,
    task: tokio::task::JoinHandle<()>,
}

impl TlsListener {
    pub(crate) fn new(listener: TcpListener, acceptor: TlsAcceptor) -> Self {
        let address = listener.local_addr();
        let (done, ready) = mpsc::channel(WAITING_MAX);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, peer)) = listener.accept().await else {
                    // Out of descriptors, most likely: give others time to end.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let (acceptor, done) = (acceptor.clone(), done.clone());
                tokio::spawn(async move {
                    // A client that does not speak TLS is dropped; it sees the connection end.
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        // Refused only when the server is ending.
                        let _ = done.send((stream, peer)).await;
                    }
                });
            }
        });
        Self { ready, address, task }
    }
}

impl Drop for TlsListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Ready {
        match self.ready.recv().await {
            Some(ready) => ready,
            // The task that accepts lives as long as this does.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        match &self.address {
            Ok(address) => Ok(*address),
            Err(_) => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)),
        }
    }
}
