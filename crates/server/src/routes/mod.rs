//! One module a resource of the API.

pub(crate) mod accounts;
pub(crate) mod actions;
pub(crate) mod applications;
pub(crate) mod badge;
pub(crate) mod inventory;
pub(crate) mod logs;
pub(crate) mod objects;
pub(crate) mod openapi;
pub(crate) mod operations;
pub(crate) mod projects;
pub(crate) mod repositories;
pub(crate) mod resources;
pub(crate) mod session;
pub(crate) mod stream;
pub(crate) mod system;
