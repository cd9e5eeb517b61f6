//! The network for commands that run in one plain thread and seldom need it.

use tokio::runtime::{Builder, Runtime};

/// Returns a runtime with TLS set up. One worker does: such a command waits for one answer at a time.
///
/// # Errors
/// The system gives no thread.
pub fn network_runtime() -> std::io::Result<Runtime> {
    // Installing twice is the only way to fail.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}
