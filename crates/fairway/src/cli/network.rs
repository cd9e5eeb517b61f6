//! The network for commands that run in one plain thread and seldom need it.

use crate::{WARNINGS, log_to_stderr};
use tokio::runtime::{Builder, Runtime};

/// Returns a runtime with TLS and the log set up (the usual one, unless the command line asked for another). One worker
/// does: such a command waits for one answer at a time.
///
/// # Errors
/// The system gives no thread.
pub fn network_runtime() -> std::io::Result<Runtime> {
    log_to_stderr(WARNINGS, false);
    // Installing twice is the only way to fail.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    Builder::new_multi_thread().worker_threads(1).enable_all().build()
}
