use crate::application::Application;
use crate::appset::{DataRequest, Environment};
use fairway_core::{Object, Str};

/// What went wrong with an ApplicationSet or one of its generators.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AppSetError {
    /// Condition reason, such as `ApplicationGenerationFromParamsError` or `RenderTemplateParamsError`.
    pub reason: &'static str,
    /// What is wrong.
    pub message: Str,
}

/// What an ApplicationSet stands for right now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generated {
    /// Applications, sorted by name.
    pub applications: Vec<Application>,
    /// What failed. Other generators' Applications are there nevertheless, but nothing may be deleted.
    pub errors: Vec<AppSetError>,
    /// What has to be fetched before the answer is whole; nothing may be deleted until then.
    pub needs: Vec<DataRequest>,
}

/// Generates the Applications of an ApplicationSet.
#[must_use]
pub fn generate(_appset: &Object, _environment: &Environment) -> Generated {
    let message = "unsupported: ApplicationSet generators".into();
    Generated {
        errors: vec![AppSetError { reason: "ApplicationGenerationFromParamsError", message }],
        ..Generated::default()
    }
}
