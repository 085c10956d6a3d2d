//! Inference profiles, as the control plane shows them and as model ids.

use http::Method;
use serde_json::{Value, json};

use crate::harness::*;

const ONE: (&str, &str) = ("111111111111", "us-east-1");
const TWO: (&str, &str) = ("222222222222", "us-east-1");
const ELSEWHERE: (&str, &str) = ("111111111111", "eu-west-1");

/// A request body that copies a foundation model of a Region.
pub(crate) fn copy_of(model: &str, region: &str) -> Value {
    let source = format!("arn:aws:bedrock:{region}::foundation-model/{model}");
    json!({"inferenceProfileName": "n", "modelSource": {"copyFrom": source}})
}

async fn create(server: &Server, caller: (&str, &str), body: &Value) -> Answer {
    server.send(server.by(caller, server.post("/inference-profiles", body))).await
}

/// Makes a profile and gives its ARN.
pub(crate) async fn made(server: &Server, caller: (&str, &str), body: &Value) -> String {
    let answer = create(server, caller, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert_eq!(answer.json()["status"], "ACTIVE");
    answer.json()["inferenceProfileArn"].as_str().unwrap().to_owned()
}

fn escape(id: &str) -> String {
    id.replace(':', "%3A").replace('/', "%2F")
}

async fn get(server: &Server, caller: (&str, &str), id: &str) -> Answer {
    let path = format!("/inference-profiles/{}", escape(id));
    server.send(server.by(caller, server.get(&path))).await
}

async fn delete(server: &Server, caller: (&str, &str), id: &str) -> Answer {
    let path = format!("/inference-profiles/{}", escape(id));
    server.send(server.by(caller, server.request(Method::DELETE, &path, ""))).await
}

async fn list(server: &Server, caller: (&str, &str), query: &str) -> Answer {
    let path = format!("/inference-profiles?{query}");
    server.send(server.by(caller, server.get(&path))).await
}

fn ids(page: &Value) -> Vec<String> {
    let summaries = page["inferenceProfileSummaries"].as_array().unwrap();
    summaries.iter().map(|each| each["inferenceProfileId"].as_str().unwrap().to_owned()).collect()
}

async fn converse(server: &Server, caller: (&str, &str), id: &str) -> Answer {
    let path = format!("/model/{}/converse", escape(id));
    server.send(server.by(caller, server.post(&path, &ask("Hi", 2)))).await
}

fn id_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap()
}

#[tokio::test]
async fn what_was_made_is_shown_by_id_and_by_arn() {
    let server = Server::start().await;
    let mut body = copy_of(MODEL, "us-east-1");
    body["description"] = "Team A: chat".into();
    let arn = made(&server, ONE, &body).await;
    let beginning = "arn:aws:bedrock:us-east-1:111111111111:application-inference-profile/";
    assert!(arn.starts_with(beginning), "{arn}");
    let shown = get(&server, ONE, &arn).await.json();
    assert_eq!(shown, get(&server, ONE, id_of(&arn)).await.json());
    assert_eq!(shown["inferenceProfileArn"], *arn);
    assert_eq!(shown["inferenceProfileId"], id_of(&arn));
    assert_eq!(shown["inferenceProfileName"], "n");
    assert_eq!(shown["description"], "Team A: chat");
    assert_eq!(shown["type"], "APPLICATION");
    assert_eq!(shown["status"], "ACTIVE");
    let source = format!("arn:aws:bedrock:us-east-1::foundation-model/{MODEL}");
    assert_eq!(shown["models"], json!([{"modelArn": source}]));
    assert_eq!(shown["createdAt"], shown["updatedAt"]);
    assert!(shown["createdAt"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_copy_of_a_system_defined_profile_leads_to_its_regions() {
    let server = Server::start().await;
    let system = format!("us.{MODEL}");
    let own = get(&server, ONE, &system).await.json();
    let body = json!({
        "inferenceProfileName": "n",
        "modelSource": {"copyFrom": own["inferenceProfileArn"]},
    });
    let arn = made(&server, ONE, &body).await;
    let shown = get(&server, ONE, &arn).await.json();
    assert_eq!(shown["models"], own["models"]);
    assert_eq!(shown["models"].as_array().unwrap().len(), 3);
    assert_eq!(converse(&server, ONE, &arn).await.status, 200);
}

#[tokio::test]
async fn a_profile_is_a_model_id_in_every_operation() {
    let server = Server::start().await;
    let arn = made(&server, ONE, &copy_of(MODEL, "us-east-1")).await;
    let plain = converse(&server, ONE, MODEL).await.json();
    for id in [arn.as_str(), id_of(&arn)] {
        assert_eq!(converse(&server, ONE, id).await.json()["output"], plain["output"], "{id}");
        let id = escape(id);
        let native = json!({"anthropic_version": "x", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]});
        let converse = json!({"input": {"converse": {"messages": ask("Hi", 1)["messages"]}}});
        for (operation, body) in [
            ("converse-stream", ask("Hi", 2)),
            ("invoke", native.clone()),
            ("invoke-with-response-stream", native),
            ("count-tokens", converse),
        ] {
            let path = format!("/model/{id}/{operation}");
            let answer = server.send(server.by(ONE, server.post(&path, &body))).await;
            assert_eq!(answer.status, 200, "{operation}: {answer:?}");
        }
    }
    // Raw, as the Anthropic SDKs send it.
    let path = format!("/model/{arn}/converse");
    let raw = server.send(server.by(ONE, server.post(&path, &ask("Hi", 2)))).await;
    assert_eq!(raw.json()["output"], plain["output"]);
    let answer = server.send(server.get(&format!("/foundation-models/{}", escape(&arn)))).await;
    assert_eq!(answer.error().0, 404, "no foundation model");
}

/// The operations of the other doors that name a model in their body.
fn at_the_doors(id: &str) -> [(&'static str, Value); 4] {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    [
        ("/v1/chat/completions", json!({"model": id, "messages": messages, "max_tokens": 2})),
        ("/v1/responses", json!({"model": id, "input": "Hi", "max_output_tokens": 2})),
        ("/anthropic/v1/messages", json!({"model": id, "messages": messages, "max_tokens": 2})),
        ("/anthropic/v1/messages/count_tokens", json!({"model": id, "messages": messages})),
    ]
}

#[tokio::test]
async fn a_profile_is_a_model_id_at_every_door() {
    let server = Server::start().await;
    let arn = made(&server, ONE, &copy_of(MODEL, "us-east-1")).await;
    for id in [arn.as_str(), id_of(&arn)] {
        for (path, body) in at_the_doors(id) {
            let answer = server.send(server.by(ONE, server.post(path, &body))).await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
        }
        let path = format!("/v1/models/{}", escape(id));
        let one = server.send(server.by(ONE, server.get(&path))).await.json();
        assert_eq!(one["id"], MODEL, "the model behind it");
    }
    for (path, body) in at_the_doors(&arn) {
        let answer = server.send(server.by(TWO, server.post(path, &body))).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
        let error = &answer.json()["error"];
        if path.starts_with("/anthropic/") {
            assert_eq!(error["type"], "not_found_error");
        } else {
            assert_eq!(error["code"], "model_not_found");
        }
    }
}

#[tokio::test]
async fn the_native_body_is_that_of_the_model_behind_the_profile() {
    let server = Server::start().await;
    let claude = made(&server, ONE, &copy_of(MODEL, "us-east-1")).await;
    let llama = made(&server, ONE, &copy_of(LLAMA, "us-east-1")).await;
    let bodies = [
        json!({"anthropic_version": "x", "max_tokens": 2, "messages": [{"role": "user", "content": "Hi"}]}),
        json!({"prompt": "Hi", "max_gen_len": 2}),
    ];
    let mut outcomes = Vec::new();
    for profile in [&claude, &llama] {
        for body in &bodies {
            let path = format!("/model/{}/invoke", escape(profile));
            let answer = server.send(server.by(ONE, server.post(&path, body))).await;
            outcomes.push(answer.status.as_u16());
        }
    }
    assert_eq!(outcomes, [200, 400, 400, 200]);
}

#[tokio::test]
async fn another_accounts_or_regions_profile_is_not_there() {
    let server = Server::start().await;
    let arn = made(&server, ONE, &copy_of(MODEL, "us-east-1")).await;
    for other in [TWO, ELSEWHERE] {
        for answer in [
            get(&server, other, &arn).await,
            get(&server, other, id_of(&arn)).await,
            delete(&server, other, &arn).await,
            delete(&server, other, id_of(&arn)).await,
            converse(&server, other, &arn).await,
        ] {
            let (status, code, _) = answer.error();
            assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"), "{other:?}");
        }
        let (status, code, _) = converse(&server, other, id_of(&arn)).await.error();
        assert_eq!(
            (status, code.as_str()),
            (400, "ValidationException"),
            "a bare id is any model's"
        );
        assert_eq!(ids(&list(&server, other, "type=APPLICATION").await.json()), [""; 0]);
    }
    assert_eq!(ids(&list(&server, ONE, "type=APPLICATION").await.json()), [id_of(&arn)]);
    assert_eq!(converse(&server, ONE, &arn).await.status, 200);
}

#[tokio::test]
async fn a_deleted_profile_is_of_no_use() {
    let server = Server::start().await;
    let arn = made(&server, ONE, &copy_of(MODEL, "us-east-1")).await;
    assert_eq!(converse(&server, ONE, &arn).await.status, 200);
    let deleted = delete(&server, ONE, &arn).await;
    assert_eq!((deleted.status.as_u16(), &deleted.body[..]), (200, &b"{}"[..]));
    for answer in [
        converse(&server, ONE, &arn).await,
        get(&server, ONE, &arn).await,
        delete(&server, ONE, &arn).await,
    ] {
        assert_eq!(answer.error().1, "ResourceNotFoundException");
    }
    assert_eq!(ids(&list(&server, ONE, "type=APPLICATION").await.json()), [""; 0]);
}

#[tokio::test]
async fn a_repeated_call_makes_one_profile() {
    let server = Server::start().await;
    let mut body = copy_of(MODEL, "us-east-1");
    body["clientRequestToken"] = "token-1".into();
    let first = made(&server, ONE, &body).await;
    assert_eq!(made(&server, ONE, &body).await, first);
    assert_ne!(made(&server, TWO, &body).await, first, "another account's token is another");
    let mut changed = body.clone();
    changed["inferenceProfileName"] = "m".into();
    let (status, code, message) = create(&server, ONE, &changed).await.error();
    assert_eq!((status, code.as_str()), (400, "ConflictException"));
    assert!(message.contains("clientRequestToken"), "{message}");
    let untold = copy_of(MODEL, "us-east-1");
    assert_ne!(made(&server, ONE, &untold).await, made(&server, ONE, &untold).await);
    assert_eq!(ids(&list(&server, ONE, "type=APPLICATION").await.json()).len(), 3);
    delete(&server, ONE, &first).await;
    assert_ne!(made(&server, ONE, &body).await, first, "the token went with its profile");
}

#[tokio::test]
async fn calls_of_one_token_at_once_make_one_profile() {
    let server = Server::start().await;
    let mut body = copy_of(MODEL, "us-east-1");
    body["clientRequestToken"] = "token-1".into();
    let calls = (0..8).map(|_| made(&server, ONE, &body));
    let mut arns = futures::future::join_all(calls).await;
    arns.dedup();
    assert_eq!(arns.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_copied_is_refused() {
    let server = Server::start().await;
    for (source, status, code, why) in [
        (
            "arn:aws:bedrock:us-east-1::foundation-model/nobody.model-v1:0",
            404,
            "ResourceNotFoundException",
            "ARN",
        ),
        (
            "arn:aws:bedrock:us-east-1:111111111111:inference-profile/us.nobody.model-v1:0",
            404,
            "ResourceNotFoundException",
            "ARN",
        ),
        (
            "arn:aws:bedrock:us-east-1:111111111111:inference-profile/us.amazon.titan-embed-text-v2:0",
            404,
            "ResourceNotFoundException",
            "ARN",
        ),
        (
            "arn:aws:bedrock:eu-west-1::foundation-model/meta.llama3-8b-instruct-v1:0",
            400,
            "ValidationException",
            "modelSource.copyFrom",
        ),
        ("meta.llama3-8b-instruct-v1:0", 400, "ValidationException", "modelSource.copyFrom"),
    ] {
        let body = json!({"inferenceProfileName": "n", "modelSource": {"copyFrom": source}});
        let (found, kind, message) = create(&server, ONE, &body).await.error();
        assert_eq!((found, kind.as_str()), (status, code), "{source}");
        assert!(message.contains(why), "{message}");
    }
    assert_eq!(ids(&list(&server, ONE, "type=APPLICATION").await.json()), [""; 0]);
}

#[tokio::test]
async fn system_defined_profiles_are_those_of_the_regions_geographies() {
    let server = Server::start().await;
    for (caller, prefixes) in [(ONE, ["us.", "global."]), (ELSEWHERE, ["eu.", "global."])] {
        let page = list(&server, caller, "type=SYSTEM_DEFINED").await.json();
        let listed = ids(&page);
        for prefix in prefixes {
            assert!(listed.contains(&format!("{prefix}{MODEL}")), "{prefix} {listed:?}");
        }
        assert!(listed.iter().all(|id| prefixes.iter().any(|prefix| id.starts_with(prefix))));
        assert!(!listed.iter().any(|id| id.contains("titan-embed")), "what is not served");
        assert!(page.get("nextToken").is_none());
        for summary in page["inferenceProfileSummaries"].as_array().unwrap() {
            assert_eq!(summary["type"], "SYSTEM_DEFINED");
            let arn = summary["inferenceProfileArn"].as_str().unwrap();
            let beginning = format!("arn:aws:bedrock:{}:{}:inference-profile/", caller.1, caller.0);
            assert!(arn.starts_with(&beginning), "{arn}");
            assert!((1..=5).contains(&summary["models"].as_array().unwrap().len()));
        }
    }
    let (status, code, _) = get(&server, ONE, "us.nobody.model-v1:0").await.error();
    assert_eq!((status, code.as_str()), (404, "ResourceNotFoundException"));
    let (status, code, _) = delete(&server, ONE, &format!("us.{MODEL}")).await.error();
    assert_eq!((status, code.as_str()), (400, "ValidationException"));
}

#[tokio::test]
async fn pages_hold_every_profile_once_in_one_order() {
    let server = Server::start().await;
    let mut own = Vec::new();
    for _ in 0..7 {
        own.push(made(&server, ONE, &copy_of(MODEL, "us-east-1")).await);
    }
    let all = ids(&list(&server, ONE, "").await.json());
    assert_eq!(all[all.len() - 7..].iter().filter(|id| id.len() == 12).count(), 7);
    for size in [1, 3, 50, 1000] {
        let mut seen = Vec::new();
        let mut query = format!("maxResults={size}");
        loop {
            let page = list(&server, ONE, &query).await.json();
            let here = ids(&page);
            assert!(!here.is_empty() && here.len() <= size);
            seen.extend(here);
            let Some(token) = page["nextToken"].as_str() else { break };
            query = format!("maxResults={size}&nextToken={token}");
        }
        assert_eq!(seen, all, "{size} a page");
    }
    let page = list(&server, ONE, "type=APPLICATION&maxResults=7").await.json();
    assert!(page.get("nextToken").is_none(), "a page that is just full is the last");
}

#[tokio::test]
async fn a_token_is_good_for_its_own_list_only() {
    let server = Server::start().await;
    let page = list(&server, ONE, "maxResults=1").await.json();
    let token = page["nextToken"].as_str().unwrap();
    let own = format!("maxResults=1&nextToken={token}");
    assert_eq!(list(&server, ONE, &own).await.status, 200);
    for (caller, query) in [
        (TWO, own.clone()),
        (ELSEWHERE, own.clone()),
        (ONE, format!("{own}&type=SYSTEM_DEFINED")),
        (ONE, "nextToken=abc".to_owned()),
        (ONE, "maxResults=0".to_owned()),
        (ONE, "maxResults=1001".to_owned()),
        (ONE, "type=MINE".to_owned()),
        (ONE, "projectIdentifier=p".to_owned()),
    ] {
        let (status, code, message) = list(&server, caller, &query).await.error();
        assert_eq!((status, code.as_str()), (400, "ValidationException"), "{query}");
        let field = query.rsplit('&').next().unwrap().split('=').next().unwrap();
        assert!(message.contains(field) || message.contains("nextToken"), "{query}: {message}");
    }
}

#[tokio::test]
async fn an_account_has_at_most_a_thousand_profiles_in_a_region() {
    let server = Server::start().await;
    let body = copy_of(MODEL, "us-east-1");
    let mut last = String::new();
    for _ in 0..1000 {
        last = made(&server, ONE, &body).await;
    }
    let (status, code, _) = create(&server, ONE, &body).await.error();
    assert_eq!((status, code.as_str()), (400, "ServiceQuotaExceededException"));
    made(&server, TWO, &body).await;
    delete(&server, ONE, &last).await;
    made(&server, ONE, &body).await;
}

#[tokio::test]
async fn profiles_outlive_the_server() {
    let mut server = Server::start().await;
    let arn = made(&server, ONE, &copy_of(MODEL, "us-east-1")).await;
    let shown = get(&server, ONE, &arn).await.json();
    server.stop();
    let Server { dir, ended, .. } = server;
    ended.await.unwrap().unwrap();
    let next = Server::in_dir(dir, fake(), |_| ()).await.unwrap();
    assert_eq!(get(&next, ONE, &arn).await.json(), shown);
    assert_eq!(converse(&next, ONE, &arn).await.status, 200);
}
