//! Errors in each door's own shape and status.

use serde_json::{Value, json};

use crate::error::{ErrorKind, RETRY_AFTER_HEADER, Subject, WireError};

/// Retry hint in milliseconds, read by the SDKs of OpenAI and Anthropic.
const RETRY_AFTER_MS_HEADER: &str = "retry-after-ms";
/// Tells those SDKs whether to try again, whatever the status.
const SHOULD_RETRY_HEADER: &str = "x-should-retry";

/// Whose shape errors have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Bedrock's own.
    Bedrock,
    /// Chat completions, Responses and their models.
    OpenAi,
    /// Messages.
    Anthropic,
}

/// OpenAI's status, type and code, and Anthropic's status and type.
struct Row {
    openai: (u16, &'static str, Option<&'static str>),
    anthropic: (u16, &'static str),
}

/// OpenAI's and Anthropic's word for a request at fault.
const INVALID: &str = "invalid_request_error";
const OPENAI_SERVER: &str = "server_error";

const UNAUTHENTICATED: Row = Row {
    openai: (401, INVALID, Some("invalid_api_key")),
    anthropic: (401, "authentication_error"),
};

/// The caller's fault, with the same status in both shapes.
const fn fault(status: u16, code: Option<&'static str>, anthropic: &'static str) -> Row {
    Row { openai: (status, INVALID, code), anthropic: (status, anthropic) }
}

/// The server's fault.
const fn server(openai: u16, code: Option<&'static str>, anthropic: (u16, &'static str)) -> Row {
    Row { openai: (openai, OPENAI_SERVER, code), anthropic }
}

const fn row(kind: ErrorKind) -> Row {
    use ErrorKind::*;
    match kind {
        Validation | Serialization | ResourceInUse | Conflict | ServiceQuotaExceeded
        | TooManyTags => fault(400, None, INVALID),
        UnrecognizedClient
        | InvalidSignature
        | IncompleteSignature
        | MissingAuthenticationToken
        | ExpiredToken => UNAUTHENTICATED,
        AccessDenied => fault(403, Some("insufficient_permissions"), "permission_error"),
        ResourceNotFound => fault(404, Some("not_found"), "not_found_error"),
        UnknownOperation => fault(404, Some("unknown_url"), "not_found_error"),
        MethodNotAllowed => fault(405, Some("method_not_allowed"), INVALID),
        RequestTimeout => fault(408, Some("request_timeout"), INVALID),
        RequestTooLarge => fault(413, Some("request_too_large"), "request_too_large"),
        HeadersTooLarge => fault(431, Some("headers_too_large"), INVALID),
        Throttling => Row {
            openai: (429, "rate_limit_error", Some("rate_limit_exceeded")),
            anthropic: (429, "rate_limit_error"),
        },
        ModelNotReady => server(503, Some("model_not_ready"), (529, "overloaded_error")),
        ServiceUnavailable => server(503, Some("overloaded"), (529, "overloaded_error")),
        ModelTimeout => server(504, Some("model_timeout"), (504, "timeout_error")),
        ModelError | ModelStreamError => server(500, Some("model_error"), (500, "api_error")),
        InternalServer => server(500, None, (500, "api_error")),
    }
}

fn row_of(error: &WireError) -> Row {
    match error.subject {
        Some(Subject::Credentials) => UNAUTHENTICATED,
        Some(Subject::Field(_) | Subject::Model | Subject::ContextLength) | None => row(error.kind),
    }
}

impl Door {
    /// The HTTP status.
    #[must_use]
    pub fn status(self, error: &WireError) -> u16 {
        match self {
            Door::Bedrock => error.kind.status(),
            Door::OpenAi => row_of(error).openai.0,
            Door::Anthropic => row_of(error).anthropic.0,
        }
    }

    /// The JSON body, which is also what a stream says that fails.
    #[must_use]
    pub fn body(self, error: &WireError, request_id: &str) -> Value {
        match self {
            Door::Bedrock => error.body(),
            Door::OpenAi => {
                let (_, kind, _) = row_of(error).openai;
                json!({"error": {
                    "message": error.message,
                    "type": kind,
                    "param": param(error),
                    "code": code(error),
                }})
            }
            Door::Anthropic => {
                let (_, kind) = row_of(error).anthropic;
                json!({
                    "type": "error",
                    "error": {"type": kind, "message": error.message},
                    "request_id": request_id,
                })
            }
        }
    }

    /// The headers to send with it.
    #[must_use]
    pub fn headers(self, error: &WireError) -> Vec<(&'static str, String)> {
        if self == Door::Bedrock {
            return error.headers();
        }
        let mut headers = vec![(SHOULD_RETRY_HEADER, error.kind.retryable().to_string())];
        if let Some(after) = error.retry_after {
            let millis = after.as_millis();
            headers.push((RETRY_AFTER_MS_HEADER, millis.to_string()));
            headers.push((RETRY_AFTER_HEADER, millis.div_ceil(1000).to_string()));
        }
        headers
    }

    /// Headers by which the door's SDK knows the request's id, besides `x-amzn-requestid`.
    #[must_use]
    pub fn request_id_header(self) -> Option<&'static str> {
        match self {
            Door::Bedrock => None,
            Door::OpenAi => Some("x-request-id"),
            Door::Anthropic => Some("request-id"),
        }
    }
}

/// OpenAI's code.
fn code(error: &WireError) -> Option<&'static str> {
    match error.subject {
        Some(Subject::Model) => Some("model_not_found"),
        Some(Subject::ContextLength) => Some("context_length_exceeded"),
        Some(Subject::Field(_) | Subject::Credentials) | None => row_of(error).openai.2,
    }
}

/// The field in OpenAI's spelling: `messages[0].content`.
fn param(error: &WireError) -> Option<String> {
    match &error.subject {
        Some(Subject::Field(path)) => {
            let mut param = String::with_capacity(path.len());
            for part in path.split('.') {
                if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
                    param.extend(["[", part, "]"]);
                } else {
                    let dot = if param.is_empty() { "" } else { "." };
                    param.extend([dot, part]);
                }
            }
            Some(param)
        }
        Some(Subject::Model) => Some("model".to_owned()),
        Some(Subject::ContextLength | Subject::Credentials) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_kind_has_its_status_and_shape() {
        for kind in ErrorKind::all() {
            let error = WireError::new(kind, "why");
            let client = kind.status() < 500 && !kind.retryable();
            for door in [Door::OpenAi, Door::Anthropic] {
                let status = door.status(&error);
                assert!((400..600).contains(&status), "{kind:?}");
                // A model that failed is no fault of the caller here: neither API has Bedrock's 424.
                let model = matches!(
                    kind,
                    ErrorKind::ModelError | ErrorKind::ModelStreamError | ErrorKind::ModelTimeout
                );
                assert_eq!(status < 500 && status != 429, client && !model, "{kind:?} {status}");
                let body = door.body(&error, "id");
                assert_eq!(body["error"]["message"], "why", "{kind:?}");
                assert!(body["error"]["type"].is_string(), "{kind:?}");
            }
            assert_eq!(Door::Bedrock.status(&error), kind.status());
            assert_eq!(Door::Bedrock.body(&error, "id"), error.body());
            assert_eq!(Door::Bedrock.headers(&error), error.headers());
        }
    }

    #[test]
    fn what_an_error_is_about_is_told_in_its_own_member() {
        let shape = |error: &WireError| Door::OpenAi.body(error, "id")["error"].clone();
        let field =
            WireError::validation("x").about(Subject::Field("messages.0.content.12".into()));
        assert_eq!(shape(&field)["param"], "messages[0].content[12]");
        assert_eq!(shape(&field)["code"], Value::Null);
        let model = WireError::not_found("x").about(Subject::Model);
        assert_eq!(
            shape(&model),
            json!({"message": "x", "type": INVALID, "param": "model", "code": "model_not_found"})
        );
        let long = WireError::validation("x").about(Subject::ContextLength);
        assert_eq!(shape(&long)["code"], "context_length_exceeded");
        let stranger = WireError::access_denied("x").about(Subject::Credentials);
        assert_eq!(shape(&stranger)["code"], "invalid_api_key");
        assert_eq!([Door::OpenAi, Door::Anthropic].map(|door| door.status(&stranger)), [401; 2]);
        assert_eq!(Door::Bedrock.status(&stranger), 403);
    }

    #[test]
    fn anthropics_body_has_the_requests_id() {
        let body = Door::Anthropic.body(&WireError::unavailable(), "req");
        let message = "Bedrock is unable to process your request.";
        let error = json!({"type": "overloaded_error", "message": message});
        assert_eq!(body, json!({"type": "error", "error": error, "request_id": "req"}));
        assert_eq!(Door::Anthropic.status(&WireError::unavailable()), 529);
    }

    #[test]
    fn hints_are_those_that_the_sdks_read() {
        let error = WireError::throttling("x").retry_after(Duration::from_millis(1200));
        let expected =
            [("x-should-retry", "true"), ("retry-after-ms", "1200"), ("retry-after", "2")];
        for door in [Door::OpenAi, Door::Anthropic] {
            let headers = door.headers(&error);
            assert!(headers.iter().map(|(name, value)| (*name, value.as_str())).eq(expected));
            let failed = WireError::new(ErrorKind::ModelError, "x");
            assert_eq!(door.headers(&failed), [("x-should-retry", "false".to_owned())]);
        }
    }
}
