//! Errors as they go over the wire: Bedrock's exception names, statuses, and the headers that SDKs read.
//!
//! One row per error; everything about an error is in its row. The body is `{"message": ".."}`, the type goes in
//! `x-amzn-ErrorType`. It must never know what went wrong inside: callers translate their own errors to a [`WireError`].
//! Source: the service models of `bedrock-runtime` and `bedrock`, and the common errors of AWS services.

use std::time::Duration;

use serde_json::{Map, Value};

/// Header that carries the error's type.
pub const ERROR_TYPE_HEADER: &str = "x-amzn-errortype";
/// Retry hint in milliseconds, read by the AWS SDKs.
pub const RETRY_AFTER_MS_HEADER: &str = "x-amz-retry-after";
/// Retry hint in whole seconds, read by other clients.
pub const RETRY_AFTER_HEADER: &str = "retry-after";

/// Namespace that Bedrock appends to the error's code in [`ERROR_TYPE_HEADER`].
const NAMESPACE: &str = "http://internal.amazon.com/coral/com.amazon.bedrock/";

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "Bedrock's own names, without the word Exception; see ROWS")]
pub enum ErrorKind {
    Validation,
    AccessDenied,
    ResourceNotFound,
    ResourceInUse,
    Conflict,
    ServiceQuotaExceeded,
    TooManyTags,
    Throttling,
    ModelNotReady,
    ModelTimeout,
    ModelError,
    ModelStreamError,
    InternalServer,
    ServiceUnavailable,
    UnrecognizedClient,
    InvalidSignature,
    IncompleteSignature,
    MissingAuthenticationToken,
    ExpiredToken,
    UnknownOperation,
    MethodNotAllowed,
    RequestTooLarge,
    HeadersTooLarge,
    RequestTimeout,
    Serialization,
}

/// All that is known about a kind of error.
#[derive(Clone, Copy)]
struct ErrorRow {
    kind: ErrorKind,
    code: &'static str,
    status: u16,
    retryable: bool,
    stream: Option<&'static str>,
}

const fn row(kind: ErrorKind, code: &'static str, status: u16, retryable: bool) -> ErrorRow {
    ErrorRow { kind, code, status, retryable, stream: None }
}

const fn streamed(row: ErrorRow, name: &'static str) -> ErrorRow {
    ErrorRow { stream: Some(name), ..row }
}

/// In the order of [`ErrorKind`], so that a kind is its index; a test holds it.
const ROWS: [ErrorRow; 25] = {
    use ErrorKind::*;
    [
        streamed(row(Validation, "ValidationException", 400, false), "validationException"),
        row(AccessDenied, "AccessDeniedException", 403, false),
        row(ResourceNotFound, "ResourceNotFoundException", 404, false),
        row(ResourceInUse, "ResourceInUseException", 400, false),
        row(Conflict, "ConflictException", 400, false),
        row(ServiceQuotaExceeded, "ServiceQuotaExceededException", 400, false),
        row(TooManyTags, "TooManyTagsException", 400, false),
        streamed(row(Throttling, "ThrottlingException", 429, true), "throttlingException"),
        row(ModelNotReady, "ModelNotReadyException", 429, true),
        streamed(row(ModelTimeout, "ModelTimeoutException", 408, false), "modelTimeoutException"),
        row(ModelError, "ModelErrorException", 424, false),
        streamed(
            row(ModelStreamError, "ModelStreamErrorException", 424, false),
            "modelStreamErrorException",
        ),
        streamed(
            row(InternalServer, "InternalServerException", 500, true),
            "internalServerException",
        ),
        streamed(
            row(ServiceUnavailable, "ServiceUnavailableException", 503, true),
            "serviceUnavailableException",
        ),
        row(UnrecognizedClient, "UnrecognizedClientException", 403, false),
        row(InvalidSignature, "InvalidSignatureException", 403, false),
        row(IncompleteSignature, "IncompleteSignatureException", 400, false),
        row(MissingAuthenticationToken, "MissingAuthenticationTokenException", 403, false),
        row(ExpiredToken, "ExpiredTokenException", 403, false),
        row(UnknownOperation, "UnknownOperationException", 404, false),
        row(MethodNotAllowed, "MethodNotAllowedException", 405, false),
        row(RequestTooLarge, "RequestEntityTooLargeException", 413, false),
        row(HeadersTooLarge, "RequestHeaderFieldsTooLargeException", 431, false),
        row(RequestTimeout, "RequestTimeoutException", 408, false),
        row(Serialization, "SerializationException", 400, false),
    ]
};

/// Streaming operations, which model different exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamOperation {
    /// ConverseStream.
    ConverseStream,
    /// InvokeModelWithResponseStream; it alone models `modelTimeoutException`.
    InvokeModelWithResponseStream,
}

impl ErrorKind {
    fn row(self) -> &'static ErrorRow {
        &ROWS[self as usize]
    }

    /// The code, for example `ValidationException`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().code
    }

    /// The HTTP status, 400 to 599.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().status
    }

    /// Whether SDKs in their standard mode try again.
    #[must_use]
    pub fn retryable(self) -> bool {
        self.row().retryable
    }

    /// The exception's name inside a stream, for example `validationException`, if some stream models it.
    #[must_use]
    pub fn stream_name(self) -> Option<&'static str> {
        self.row().stream
    }

    /// The kind that stands for this one inside a stream of `operation`: itself if that stream models it, else the
    /// nearest that it models. An exception that a stream does not model reaches typed SDKs as "unhandled".
    #[must_use]
    pub fn in_stream(self, operation: StreamOperation) -> ErrorKind {
        let modelled = self.stream_name().is_some()
            && (self != ErrorKind::ModelTimeout
                || operation == StreamOperation::InvokeModelWithResponseStream);
        match self {
            kind if modelled => kind,
            ErrorKind::ModelError | ErrorKind::ModelTimeout => ErrorKind::ModelStreamError,
            ErrorKind::ModelNotReady => ErrorKind::ServiceUnavailable,
            kind if kind.status() < 500 => ErrorKind::Validation,
            _ => ErrorKind::InternalServer,
        }
    }

    /// Every kind, in the order of the table.
    pub fn all() -> impl Iterator<Item = ErrorKind> {
        ROWS.iter().map(|row| row.kind)
    }

    /// Value of `x-amzn-ErrorType`: the code and its namespace. SDKs cut it at the colon.
    #[must_use]
    pub fn error_type_header(self) -> String {
        format!("{}:{NAMESPACE}", self.code())
    }
}

/// An error as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.code())]
pub struct WireError {
    /// What kind it is.
    pub kind: ErrorKind,
    /// The text for the caller; it never carries another caller's data.
    pub message: String,
    /// When to come back, if known; becomes [`RETRY_AFTER_MS_HEADER`] and [`RETRY_AFTER_HEADER`].
    pub retry_after: Option<Duration>,
    /// Status of the model that failed (`originalStatusCode` of model errors).
    pub original_status: Option<u16>,
    /// Text of the model that failed (`originalMessage` of `ModelStreamErrorException`).
    pub original_message: Option<String>,
    /// The resource that failed (`resourceName`).
    pub resource: Option<String>,
    /// What it is about, if that is known; Bedrock's own shapes do not show it.
    pub subject: Option<Subject>,
}

/// What an error is about, for shapes that say it in a member of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A field of the body, by its path, for example `messages.0.content`.
    Field(String),
    /// The model that was named.
    Model,
    /// The prompt is longer than the model can read.
    ContextLength,
    /// Who calls: there are no credentials, or they are wrong.
    Credentials,
}

impl WireError {
    /// An error of any kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        WireError {
            kind,
            message: message.into(),
            retry_after: None,
            original_status: None,
            original_message: None,
            resource: None,
            subject: None,
        }
    }

    /// The caller's request is at fault: 400.
    #[must_use]
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Validation, message)
    }

    /// The caller may not do this: 403.
    #[must_use]
    pub fn access_denied(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::AccessDenied, message)
    }

    /// What was asked for does not exist: 404.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ResourceNotFound, message)
    }

    /// A quota is spent: 429.
    #[must_use]
    pub fn throttling(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Throttling, message)
    }

    /// The model is being loaded: 429, retried by SDKs.
    #[must_use]
    pub fn model_not_ready(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ModelNotReady, message)
    }

    /// The model failed after the stream began: 424.
    #[must_use]
    pub fn model_stream_error(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::ModelStreamError, message)
    }

    /// No capacity now: 503, in Bedrock's words.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::new(ErrorKind::ServiceUnavailable, "Bedrock is unable to process your request.")
    }

    /// Something broke here: 500, in Bedrock's words; the cause belongs in the log, not in the answer.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            ErrorKind::InternalServer,
            "The system encountered an unexpected error during processing. Try your request again.",
        )
    }

    /// The same error with a retry hint.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The same error, and what it is about.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// The JSON body: `message`, and the members that the kind's shape has.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("message".into(), self.message.clone().into());
        let model_error = matches!(self.kind, ErrorKind::ModelError | ErrorKind::ModelStreamError);
        if let Some(status) = self.original_status.filter(|_| model_error) {
            body.insert("originalStatusCode".into(), status.into());
        }
        if let Some(message) =
            self.original_message.as_ref().filter(|_| self.kind == ErrorKind::ModelStreamError)
        {
            body.insert("originalMessage".into(), message.clone().into());
        }
        let has_resource = matches!(self.kind, ErrorKind::ModelError | ErrorKind::TooManyTags);
        if let Some(resource) = self.resource.as_ref().filter(|_| has_resource) {
            body.insert("resourceName".into(), resource.clone().into());
        }
        Value::Object(body)
    }

    /// The headers to send with the body: the type, and both retry hints if there is one.
    ///
    /// Seconds are rounded up, so that no client comes back early.
    #[must_use]
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![(ERROR_TYPE_HEADER, self.kind.error_type_header())];
        if let Some(after) = self.retry_after {
            let millis = after.as_millis();
            headers.push((RETRY_AFTER_MS_HEADER, millis.to_string()));
            headers.push((RETRY_AFTER_HEADER, millis.div_ceil(1000).to_string()));
        }
        headers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn rows_stand_in_the_order_of_the_kinds_and_are_well_formed() {
        let mut codes = HashSet::new();
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(row.kind as usize, index, "{}", row.code);
            assert!(codes.insert(row.code), "{} stands twice", row.code);
            assert!(row.code.ends_with("Exception"), "{}", row.code);
            assert!((400..600).contains(&row.status), "{}", row.code);
            if let Some(stream) = row.stream {
                assert!(row.code[1..] == stream[1..] && stream.starts_with(char::is_lowercase));
            }
            assert_eq!(row.retryable, row.status == 429 || row.status >= 500, "{}", row.code);
        }
        assert_eq!(ROWS.len(), ErrorKind::Serialization as usize + 1);
    }

    #[test]
    fn every_kind_has_a_modelled_name_in_every_stream() {
        let streams =
            [StreamOperation::ConverseStream, StreamOperation::InvokeModelWithResponseStream];
        for operation in streams {
            for kind in ErrorKind::all() {
                let inside = kind.in_stream(operation);
                assert!(inside.stream_name().is_some(), "{kind:?}");
                assert_eq!(inside.in_stream(operation), inside, "{kind:?}");
            }
        }
        let timeout = ErrorKind::ModelTimeout;
        assert_eq!(timeout.in_stream(streams[0]), ErrorKind::ModelStreamError);
        assert_eq!(timeout.in_stream(streams[1]), timeout);
    }

    #[test]
    fn a_throttle_carries_both_hints_and_seconds_round_up() {
        let error = WireError::throttling("Too many requests, please wait before trying again.")
            .retry_after(Duration::from_millis(1200));
        assert_eq!(
            error.headers(),
            [
                (
                    "x-amzn-errortype",
                    "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"
                        .to_owned()
                ),
                ("x-amz-retry-after", "1200".to_owned()),
                ("retry-after", "2".to_owned()),
            ]
        );
        assert_eq!(
            error.body().to_string(),
            r#"{"message":"Too many requests, please wait before trying again."}"#
        );
        assert_eq!(WireError::validation("x").headers().len(), 1);
    }

    #[test]
    fn only_shapes_that_have_a_member_send_it() {
        let mut error = WireError::model_stream_error("broken");
        error.original_status = Some(500);
        error.original_message = Some("worker".into());
        error.resource = Some("r".into());
        assert_eq!(
            error.body().to_string(),
            r#"{"message":"broken","originalStatusCode":500,"originalMessage":"worker"}"#
        );
        error.kind = ErrorKind::ModelError;
        assert_eq!(
            error.body().to_string(),
            r#"{"message":"broken","originalStatusCode":500,"resourceName":"r"}"#
        );
        error.kind = ErrorKind::Validation;
        assert_eq!(error.body().to_string(), r#"{"message":"broken"}"#);
        assert_eq!(error.to_string(), "ValidationException: broken");
    }
}
