//! Users' own scripts, run where they hold up nobody else. Each is bounded in steps and memory by `fairway-lua`, and there are no more
//! at once than Apps that are worked on.

use fairway_core::{Health, Object};
use fairway_lua::Customizations;
use tokio::runtime::{Handle, RuntimeFlavor};

/// Judges a live object, off the async workers where a user's own check does.
pub(crate) fn assess(customizations: &Customizations, object: &Object, now: i64) -> Option<Health> {
    if customizations.judges(object) {
        aside(|| customizations.assess(object, now))
    } else {
        customizations.assess(object, now)
    }
}

/// Does work that takes long, while another thread takes over what else this one had to do. A runtime of one thread has no
/// other.
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_done_in_every_runtime_and_without_one() {
        assert_eq!(aside(|| 1), 1);
        let one = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(one.block_on(async { aside(|| 2) }), 2);
        let many = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(many.block_on(async { tokio::spawn(async { aside(|| 3) }).await.unwrap() }), 3);
    }
}
