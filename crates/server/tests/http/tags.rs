//! Tags of what an account made.

use serde_json::{Value, json};

use crate::harness::*;
use crate::profiles::{copy_of, made};

const ONE: (&str, &str) = ("111111111111", "us-east-1");
const TWO: (&str, &str) = ("222222222222", "us-east-1");
const ELSEWHERE: (&str, &str) = ("111111111111", "eu-west-1");

async fn call(server: &Server, caller: (&str, &str), operation: &str, body: &Value) -> Answer {
    server.send(server.by(caller, server.post(&format!("/{operation}"), body))).await
}

fn pairs(range: std::ops::Range<u32>) -> Value {
    range.map(|n| json!({"key": format!("k{n:03}"), "value": "v"})).collect()
}

async fn tags(server: &Server, arn: &str) -> Value {
    let answer = call(server, ONE, "listTagsForResource", &json!({"resourceARN": arn})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["tags"].clone()
}

async fn profile(server: &Server) -> String {
    made(server, ONE, &copy_of(MODEL, "us-east-1")).await
}

#[tokio::test]
async fn tags_are_set_replaced_and_taken_away() {
    let server = Server::start().await;
    let mut body = copy_of(MODEL, "us-east-1");
    body["tags"] = json!([{"key": "team", "value": "a"}]);
    let arn = made(&server, ONE, &body).await;
    assert_eq!(tags(&server, &arn).await, json!([{"key": "team", "value": "a"}]));
    let more = json!({"resourceARN": arn, "tags": [{"key": "team", "value": "b"}, {"key": "cost", "value": ""}]});
    let answer = call(&server, ONE, "tagResource", &more).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"{}"[..]));
    let both = json!([{"key": "cost", "value": ""}, {"key": "team", "value": "b"}]);
    assert_eq!(tags(&server, &arn).await, both);
    let fewer = json!({"resourceARN": arn, "tagKeys": ["cost", "not there"]});
    let answer = call(&server, ONE, "untagResource", &fewer).await;
    assert_eq!((answer.status.as_u16(), &answer.body[..]), (200, &b"{}"[..]));
    assert_eq!(tags(&server, &arn).await, json!([{"key": "team", "value": "b"}]));
    assert_eq!(tags(&server, &profile(&server).await).await, json!([]), "another profile's");
}

#[tokio::test]
async fn a_resource_has_at_most_50_tags() {
    let server = Server::start().await;
    let arn = profile(&server).await;
    let put = async |tags: Value| {
        call(&server, ONE, "tagResource", &json!({"resourceARN": arn, "tags": tags})).await
    };
    assert_eq!(put(pairs(0..50)).await.status, 200);
    assert_eq!(put(pairs(10..20)).await.status, 200, "values are replaced");
    for too_many in [pairs(50..51), pairs(0..51), pairs(0..200)] {
        let answer = put(too_many).await;
        let (status, code, _) = answer.error();
        assert_eq!((status, code.as_str()), (400, "TooManyTagsException"));
        assert_eq!(answer.json()["resourceName"], *arn);
    }
    assert_eq!(tags(&server, &arn).await.as_array().unwrap().len(), 50, "nothing was added");
    let (_, code, message) = put(pairs(0..201)).await.error();
    assert_eq!(code, "ValidationException");
    assert!(message.contains("'tags'"), "{message}");
    let mut body = copy_of(MODEL, "us-east-1");
    body["tags"] = pairs(0..51);
    let answer = server.send(server.by(ONE, server.post("/inference-profiles", &body))).await;
    assert_eq!(answer.error().1, "TooManyTagsException");
    let listed = server.send(server.by(ONE, server.get("/inference-profiles?type=APPLICATION")));
    assert_eq!(listed.await.json()["inferenceProfileSummaries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn only_what_the_caller_owns_has_tags() {
    let server = Server::start().await;
    let arn = profile(&server).await;
    let operations = [
        ("tagResource", json!({"resourceARN": arn, "tags": pairs(0..1)})),
        ("untagResource", json!({"resourceARN": arn, "tagKeys": ["k"]})),
        ("listTagsForResource", json!({"resourceARN": arn})),
    ];
    let missing = [
        "arn:aws:bedrock:us-east-1:111111111111:application-inference-profile/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:111111111111:guardrail/abcdefghijkl",
    ];
    for (operation, body) in &operations {
        for other in [TWO, ELSEWHERE] {
            let (status, code, _) = call(&server, other, operation, body).await.error();
            assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"), "{operation}");
        }
        let mut named = body.clone();
        for name in missing {
            named["resourceARN"] = name.into();
            let (status, code, _) = call(&server, ONE, operation, &named).await.error();
            assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"), "{name}");
        }
        let system = format!("arn:aws:bedrock:us-east-1:111111111111:inference-profile/us.{MODEL}");
        for wrong in [system.as_str(), "arn:aws:s3:::a-bucket-of-mine", "short"] {
            named["resourceARN"] = wrong.into();
            let (status, code, message) = call(&server, ONE, operation, &named).await.error();
            assert_eq!((status, code.as_str()), (400, "ValidationException"), "{wrong}");
            assert!(message.contains("resourceARN"), "{message}");
        }
    }
    assert_eq!(tags(&server, &arn).await, json!([]));
}

#[tokio::test]
async fn tags_go_with_their_profile() {
    let server = Server::start().await;
    let mut body = copy_of(MODEL, "us-east-1");
    body["tags"] = pairs(0..3);
    let arn = made(&server, ONE, &body).await;
    let path = format!("/inference-profiles/{arn}");
    let deleted = server.by(ONE, server.request(http::Method::DELETE, &path, ""));
    assert_eq!(server.send(deleted).await.status, 200);
    let answer = call(&server, ONE, "listTagsForResource", &json!({"resourceARN": arn})).await;
    assert_eq!(answer.error().1, "ResourceNotFoundException");
}
