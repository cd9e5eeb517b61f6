/// Why a script gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LuaError {
    /// It failed, did not parse, or ran over a limit.
    #[error("{0}")]
    Script(String),
    /// It returned something else than it has to.
    #[error("expect table output from Lua script, not {0}")]
    NotTable(&'static str),
    /// What it returned cannot be read.
    #[error("{0}")]
    Output(String),
}

impl From<mlua::Error> for LuaError {
    /// Keeps the message without the stack trace, as Argo CD shows it.
    fn from(error: mlua::Error) -> Self {
        let mut cause = &error;
        while let mlua::Error::CallbackError { cause: inner, .. } = cause {
            cause = inner;
        }
        let text = match cause {
            mlua::Error::RuntimeError(text) => text.clone(),
            mlua::Error::SyntaxError { message, .. } => message.clone(),
            other => other.to_string(),
        };
        let text = text.split("\nstack traceback:").next().unwrap_or_default().to_owned();
        Self::Script(text)
    }
}
