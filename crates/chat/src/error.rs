//! What can go wrong between a request and its prompt.

use crate::constraint::SchemaError;
use crate::documents::DocumentError;

/// Why a request has no prompt on this model. The texts are for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChatError {
    /// The template cannot be compiled; the model cannot chat.
    #[error("the model's chat template is invalid: {0}")]
    BadTemplate(String),
    /// A conversation for a model that has no template.
    #[error("the serving model has no chat template; it can only complete raw prompts")]
    NoTemplate,
    /// The template refused the conversation or failed on it.
    #[error("the serving model's chat template refuses this conversation: {0}")]
    Refused(String),
    /// The template took too long or wrote too much.
    #[error("the conversation is too large for the serving model's chat template")]
    TooLarge,
    /// Tools for a model whose way of calling them is not known here.
    #[error("the serving model does not support tools")]
    ToolsUnsupported,
    /// The tool that must be used is not among those offered.
    #[error("toolChoice names the tool '{0}', which is not in the list of tools")]
    UnknownTool(String),
    /// A schema with a part that is not enforced.
    #[error("{subject} cannot be enforced: {error}")]
    Schema {
        /// Whose schema.
        subject: String,
        /// Where and why.
        error: SchemaError,
    },
    /// Schemas that contradict themselves, or are too large together.
    #[error("the schemas of this request cannot be enforced: {0}")]
    Unenforceable(String),
    /// A document that cannot be turned into text.
    #[error("{place}: {error}")]
    Document {
        /// Where it stands in the body.
        place: String,
        /// Why.
        error: DocumentError,
    },
    /// Reasoning of a model that has none; the field that asks for it.
    #[error("{0}: the serving model cannot reason")]
    ReasoningUnsupported(&'static str),
    /// A number of tokens to reason with, for a model that cannot be held to it; the field.
    #[error(
        "{0}: the serving model's reasoning cannot be limited to a number of tokens; ask for an effort"
    )]
    BudgetUnsupported(&'static str),
    /// A number of tokens to reason with beside strict tools, where the model cannot be told it; the field.
    #[error(
        "{0}: the serving model's reasoning cannot be limited to a number of tokens while a tool is strict"
    )]
    BudgetWithStrict(&'static str),
    /// An effort that the model does not know; the field and the effort.
    #[error("{0}: the serving model does not take the reasoning effort '{1}'")]
    EffortUnsupported(&'static str, &'static str),
    /// Reasoning that cannot be turned off; the field.
    #[error("{0}: the serving model's reasoning cannot be turned off while tools are offered")]
    AlwaysReasons(&'static str),
    /// A conversation that cannot be continued.
    #[error("invalid conversation: {0}")]
    Invalid(&'static str),
}
