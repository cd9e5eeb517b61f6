use fairway_value::{Str, Value};

/// One thing that can be done to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// Name to run it by.
    pub name: Str,
    /// Whether the object's state forbids it now.
    pub disabled: bool,
    /// Classes of the icon, from Font Awesome; empty for none.
    pub icon_class: Str,
    /// Name for people; empty for the name.
    pub display_name: Str,
    /// What it asks for.
    pub params: Vec<ActionParam>,
}

/// A parameter of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionParam {
    /// Name.
    pub name: Str,
    /// Value that is offered; empty for none.
    pub default: Str,
}

/// What becomes of an effect's object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// The live object is patched so that it becomes this one.
    Patch,
    /// This object is created.
    Create,
}

/// What an action does to one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Effect {
    /// What becomes of the object.
    pub kind: EffectKind,
    /// The object.
    pub object: Value,
}

/// Why an action cannot be run, or actions cannot be found out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// There is no such action for the kind.
    #[error("{kind} has no action {action:?}")]
    Unknown {
        /// The object's kind.
        kind: Str,
        /// What was asked for.
        action: Str,
    },
    /// The object lacks what the action reads, or a parameter is wrong.
    #[error("{0}")]
    Refused(String),
}
