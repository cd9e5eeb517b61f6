use crate::GitServerError;

/// Runs a job that blocks off the async threads.
pub(crate) async fn run<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, GitServerError> + Send + 'static,
) -> Result<T, GitServerError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(result) => result,
        Err(error) => Err(GitServerError::Git { name: "store".to_owned(), why: error.to_string() }),
    }
}
