//! One request on its way through the server, and what an operation answers.

use std::sync::Arc;

use bedrock::error::WireError;
use http::Response;
use http::request::Parts;

use crate::app::App;
use crate::auth::Caller;
use crate::body::Whole;
use crate::record::Record;
use crate::respond::Body;
use crate::stream::Streaming;

/// An authenticated request with its body.
pub(crate) struct Call {
    pub(crate) app: Arc<App>,
    pub(crate) parts: Parts,
    pub(crate) caller: Caller,
    /// The body, until a generation has begun.
    pub(crate) body: Whole,
    /// What the log will say; operations fill it in.
    pub(crate) record: Record,
}

/// What an operation answers.
pub(crate) enum Reply {
    /// Ready.
    Whole(Response<Body>),
    /// A head, and a body that is generated as it is sent.
    Stream(Response<()>, Box<Streaming>),
}

/// The result of an operation.
pub(crate) type Outcome = Result<Reply, WireError>;

impl Call {
    /// A header of the request, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }
}
