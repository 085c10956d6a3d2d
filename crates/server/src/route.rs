//! Paths to operations. Matched on the raw path: clients escape a model id's `:` and `/` or do not, and only the
//! identifier itself is decoded, once, by whoever reads it.

use bedrock::doors::Door;
use bedrock::error::{ErrorKind, WireError};
use http::Method;

use crate::keys::Right;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Health,
    Ready,
    Counters,
    Converse,
    ConverseStream,
    InvokeModel,
    InvokeModelWithResponseStream,
    CountTokens,
    ListFoundationModels,
    GetFoundationModel,
    CreateInferenceProfile,
    ListInferenceProfiles,
    GetInferenceProfile,
    DeleteInferenceProfile,
    TagResource,
    UntagResource,
    ListTagsForResource,
    ChatCompletions,
    Responses,
    ListModels,
    GetModel,
    Messages,
    CountMessageTokens,
}

/// An operation and where it is found.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) operation: Operation,
    /// Its name in logs and messages.
    pub(crate) name: &'static str,
    method: Method,
    prefix: &'static str,
    /// What follows the path's variable part, which lies between prefix and suffix. `None`: the path has none.
    suffix: Option<&'static str>,
    /// What a key needs to call it; `None`: no key is asked for.
    pub(crate) right: Option<Right>,
}

const fn model(operation: Operation, name: &'static str, suffix: &'static str) -> Row {
    let right = Some(Right::Invoke);
    Row { operation, name, method: Method::POST, prefix: "/model/", suffix: Some(suffix), right }
}

const fn get(
    operation: Operation,
    name: &'static str,
    prefix: &'static str,
    right: Option<Right>,
) -> Row {
    Row { operation, name, method: Method::GET, prefix, suffix: None, right }
}

/// An operation of the control plane on what its path names.
const fn control(
    operation: Operation,
    name: &'static str,
    method: Method,
    prefix: &'static str,
    suffix: Option<&'static str>,
) -> Row {
    Row { operation, name, method, prefix, suffix, right: Some(Right::Control) }
}

/// An operation of the control plane whose path names nothing.
const fn control_post(operation: Operation, name: &'static str, path: &'static str) -> Row {
    control(operation, name, Method::POST, path, None)
}

const fn post(operation: Operation, name: &'static str, path: &'static str) -> Row {
    let right = Some(Right::Invoke);
    Row { operation, name, method: Method::POST, prefix: path, suffix: None, right }
}

static ROWS: [Row; 23] = [
    model(Operation::Converse, "Converse", "/converse"),
    model(Operation::ConverseStream, "ConverseStream", "/converse-stream"),
    model(Operation::InvokeModel, "InvokeModel", "/invoke"),
    model(
        Operation::InvokeModelWithResponseStream,
        "InvokeModelWithResponseStream",
        "/invoke-with-response-stream",
    ),
    model(Operation::CountTokens, "CountTokens", "/count-tokens"),
    get(
        Operation::ListFoundationModels,
        "ListFoundationModels",
        "/foundation-models",
        Some(Right::Control),
    ),
    control(
        Operation::GetFoundationModel,
        "GetFoundationModel",
        Method::GET,
        "/foundation-models/",
        Some(""),
    ),
    control_post(
        Operation::CreateInferenceProfile,
        "CreateInferenceProfile",
        "/inference-profiles",
    ),
    get(
        Operation::ListInferenceProfiles,
        "ListInferenceProfiles",
        "/inference-profiles",
        Some(Right::Control),
    ),
    control(
        Operation::GetInferenceProfile,
        "GetInferenceProfile",
        Method::GET,
        "/inference-profiles/",
        Some(""),
    ),
    control(
        Operation::DeleteInferenceProfile,
        "DeleteInferenceProfile",
        Method::DELETE,
        "/inference-profiles/",
        Some(""),
    ),
    control_post(Operation::TagResource, "TagResource", "/tagResource"),
    control_post(Operation::UntagResource, "UntagResource", "/untagResource"),
    control_post(Operation::ListTagsForResource, "ListTagsForResource", "/listTagsForResource"),
    post(Operation::ChatCompletions, "ChatCompletions", "/v1/chat/completions"),
    post(Operation::Responses, "Responses", "/v1/responses"),
    // Who may invoke may know what.
    get(Operation::ListModels, "ListModels", "/v1/models", Some(Right::Invoke)),
    Row {
        operation: Operation::GetModel,
        name: "GetModel",
        method: Method::GET,
        prefix: "/v1/models/",
        suffix: Some(""),
        right: Some(Right::Invoke),
    },
    post(Operation::Messages, "Messages", "/anthropic/v1/messages"),
    post(
        Operation::CountMessageTokens,
        "CountMessageTokens",
        "/anthropic/v1/messages/count_tokens",
    ),
    get(Operation::Health, "Health", "/health", None),
    get(Operation::Ready, "Ready", "/ready", None),
    get(Operation::Counters, "Counters", "/outcrop/counters", Some(Right::Admin)),
];

/// Longest piece of a path that a message repeats.
const MAX_ECHO: usize = 200;

impl Row {
    /// The variable part of the path, still encoded, if the path is this row's.
    fn segment<'a>(&self, path: &'a str) -> Option<&'a str> {
        match self.suffix {
            None => (path == self.prefix).then_some(""),
            Some(suffix) => path.strip_prefix(self.prefix)?.strip_suffix(suffix),
        }
    }
}

/// The door that a path leads to, even if there is nothing behind it: whose shape its errors have.
pub(crate) fn door(path: &str) -> Door {
    if path.starts_with("/anthropic/") {
        Door::Anthropic
    } else if path.starts_with("/v1/") || path.starts_with("/openai/") {
        Door::OpenAi
    } else {
        Door::Bedrock
    }
}

/// The path of OpenAI's operations, which stand below `/openai` too.
fn plain(path: &str) -> &str {
    path.strip_prefix("/openai").filter(|rest| rest.starts_with("/v1/")).unwrap_or(path)
}

/// The operation of a request, and the raw variable part of its path.
///
/// # Errors
/// 404 for a path that is none, 405 for the wrong method.
pub(crate) fn find<'a>(
    method: &Method,
    path: &'a str,
) -> Result<(&'static Row, &'a str), WireError> {
    let mut wrong_method = None;
    for row in &ROWS {
        let Some(segment) = row.segment(plain(path)) else { continue };
        if row.method == *method {
            return Ok((row, segment));
        }
        wrong_method = Some(row);
    }
    let shown: String = path.chars().take(MAX_ECHO).collect();
    Err(match wrong_method {
        Some(row) => WireError::new(
            ErrorKind::MethodNotAllowed,
            format!("The method {method} is not allowed for {}; use {}.", row.name, row.method),
        ),
        None => WireError::new(
            ErrorKind::UnknownOperation,
            format!("This server has no operation {method} {shown}."),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(path: &str) -> (Operation, &str) {
        let (row, segment) = find(&Method::POST, path).unwrap();
        (row.operation, segment)
    }

    #[test]
    fn model_ids_stay_raw() {
        assert_eq!(post("/model/a.b-v1:0/converse"), (Operation::Converse, "a.b-v1:0"));
        assert_eq!(
            post("/model/a.b-v1%3A0/converse-stream"),
            (Operation::ConverseStream, "a.b-v1%3A0")
        );
        assert_eq!(
            post("/model/Qwen%2FQwen3-8B/invoke"),
            (Operation::InvokeModel, "Qwen%2FQwen3-8B")
        );
        let arn = "arn:aws:bedrock:us-east-1::foundation-model/a.b";
        let path = format!("/model/{arn}/invoke-with-response-stream");
        assert_eq!(post(&path), (Operation::InvokeModelWithResponseStream, arn));
        assert_eq!(post("/model//count-tokens"), (Operation::CountTokens, ""));
    }

    #[test]
    fn control_plane_paths() {
        let get = |path| find(&Method::GET, path).unwrap().0.operation;
        assert_eq!(get("/foundation-models"), Operation::ListFoundationModels);
        assert_eq!(get("/foundation-models/a.b"), Operation::GetFoundationModel);
        assert_eq!(get("/health"), Operation::Health);
        assert_eq!(get("/inference-profiles"), Operation::ListInferenceProfiles);
        let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
        for (method, operation) in [
            (Method::GET, Operation::GetInferenceProfile),
            (Method::DELETE, Operation::DeleteInferenceProfile),
        ] {
            let path = format!("/inference-profiles/{arn}");
            let (row, segment) = find(&method, &path).unwrap();
            assert_eq!((row.operation, segment), (operation, arn));
        }
        assert_eq!(post("/inference-profiles"), (Operation::CreateInferenceProfile, ""));
        assert_eq!(post("/tagResource"), (Operation::TagResource, ""));
        assert_eq!(post("/untagResource"), (Operation::UntagResource, ""));
        assert_eq!(post("/listTagsForResource"), (Operation::ListTagsForResource, ""));
    }

    #[test]
    fn the_other_doors_have_their_paths() {
        for base in ["", "/openai"] {
            assert_eq!(
                post(&format!("{base}/v1/chat/completions")),
                (Operation::ChatCompletions, "")
            );
            assert_eq!(post(&format!("{base}/v1/responses")), (Operation::Responses, ""));
            let path = format!("{base}/v1/models/Qwen/Qwen3-8B");
            let (row, segment) = find(&Method::GET, &path).unwrap();
            assert_eq!((row.operation, segment), (Operation::GetModel, "Qwen/Qwen3-8B"));
            let (row, _) = find(&Method::GET, &format!("{base}/v1/models")).unwrap();
            assert_eq!(row.operation, Operation::ListModels);
        }
        assert_eq!(post("/anthropic/v1/messages"), (Operation::Messages, ""));
        let count = "/anthropic/v1/messages/count_tokens";
        assert_eq!(post(count), (Operation::CountMessageTokens, ""));
        assert_eq!(door("/openai/v1/x"), Door::OpenAi);
        assert_eq!(door("/v1/x"), Door::OpenAi);
        assert_eq!(door("/anthropic/x"), Door::Anthropic);
        assert_eq!(door("/model/v1/invoke"), Door::Bedrock);
    }

    #[test]
    fn what_is_not_there_is_told_apart_from_the_wrong_method() {
        let kind = |method, path| find(&method, path).unwrap_err().kind;
        for path in [
            "/",
            "",
            "/model/a.b",
            "/model/converse",
            "/healthy",
            "/guardrail/x/version/1/apply",
            "/openai/health",
            "/v1/messages",
        ] {
            assert_eq!(kind(Method::POST, path), ErrorKind::UnknownOperation, "{path}");
        }
        assert_eq!(kind(Method::GET, "/model/a.b/converse"), ErrorKind::MethodNotAllowed);
        assert_eq!(kind(Method::DELETE, "/health"), ErrorKind::MethodNotAllowed);
    }
}
