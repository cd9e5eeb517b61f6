//! One write request against one object, as the API server carries it out: decode, default, own, reset, allocate, validate.
//!
//! ```text
//! body ─► decode / patch / apply ─► default ─► managedFields ─► strategy ─► validate ─► object to store
//!            │ Refusal                 ▲ live                                │ Refusal
//! ```
//!
//! A server around this keeps the objects, resource versions and uids, and runs admission; nothing here has state.

mod refusal;
mod scale;
mod store;
mod write;

pub use refusal::Refusal;
pub use scale::{scale_of, write_scale};
pub use write::{FieldValidation, Request, Verb, Written, check_new, write};
