use proptest::prelude::*;

use super::*;
use crate::catalogue;

const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "123456789012";

fn foundation() -> String {
    foundation_model_arn(REGION, HAIKU)
}

fn create(body: &Value) -> Result<CreateProfile, String> {
    parse_create(body.to_string().as_bytes(), REGION).map_err(|error| error.message)
}

fn with(field: &str, value: &Value) -> Value {
    let mut body = json!({"inferenceProfileName": "n", "modelSource": {"copyFrom": foundation()}});
    body[field] = value.clone();
    body
}

#[test]
fn a_whole_request_is_read() {
    let body = json!({
        "inferenceProfileName": "Team A_chat-1",
        "description": "Chat: v1.5 of team A",
        "clientRequestToken": "a-1",
        "modelSource": {"copyFrom": format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/us.{HAIKU}")},
        "tags": [{"key": "team", "value": "a"}],
    });
    let read = create(&body).unwrap();
    let expected = CreateProfile {
        name: "Team A_chat-1".into(),
        description: Some("Chat: v1.5 of team A".into()),
        request_token: Some("a-1".into()),
        source: ProfileSource { model_id: HAIKU.into(), geo: Some(Geo::Us) },
        tags: vec![Tag { key: "team".into(), value: "a".into() }],
    };
    assert_eq!(read, expected);
    let least = create(&with("description", &Value::Null)).unwrap();
    assert_eq!(least.source, ProfileSource { model_id: HAIKU.into(), geo: None });
    assert_eq!((least.description, least.request_token, least.tags), (None, None, vec![]));
}

#[test]
fn refusals_name_the_field() {
    let pattern = "Member must satisfy regular expression pattern";
    let cases = [
        ("inferenceProfileName", json!(null), "Member must not be null"),
        ("inferenceProfileName", json!(""), "greater than or equal to 1"),
        ("inferenceProfileName", json!("n".repeat(65)), "less than or equal to 64"),
        ("inferenceProfileName", json!("a  b"), pattern),
        ("inferenceProfileName", json!("-a"), pattern),
        ("inferenceProfileName", json!("a.b"), pattern),
        ("inferenceProfileName", json!(7), "expected a string"),
        ("description", json!("d".repeat(201)), "less than or equal to 200"),
        ("description", json!("a, b"), pattern),
        ("description", json!(""), "greater than or equal to 1"),
        ("clientRequestToken", json!("-a"), pattern),
        ("clientRequestToken", json!("a_b"), pattern),
        ("clientRequestToken", json!("a".repeat(257)), "less than or equal to 256"),
        ("modelSource", json!(null), "Member must not be null"),
        ("modelSource", json!({}), "exactly one of [copyFrom]"),
        ("modelSource", json!({"copyFrom": foundation(), "x": 1}), "extraneous key [x]"),
        ("tags", json!([{"key": "a", "value": "b"}, {"key": "a", "value": "c"}]), "stands twice"),
    ];
    for (field, value, why) in cases {
        let message = create(&with(field, &value)).unwrap_err();
        assert!(message.contains(field) && message.contains(why), "{field} {value}: {message}");
    }
    assert!(create(&with("unknown", &json!(1))).unwrap_err().contains("extraneous key [unknown]"));
}

#[test]
fn a_copy_is_of_a_model_or_a_system_defined_profile_in_this_region() {
    for bad in [
        HAIKU.to_owned(),
        format!("us.{HAIKU}"),
        format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:application-inference-profile/abcdefghijkl"),
        format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:imported-model/abcdefghijkl"),
        format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/{HAIKU}"),
        "x y".to_owned(),
    ] {
        let message = create(&with("modelSource", &json!({"copyFrom": bad}))).unwrap_err();
        assert!(message.contains("'modelSource.copyFrom'"), "{message}");
        assert!(message.contains("(inference-profile|foundation-model)/"), "{message}");
    }
    for elsewhere in [
        foundation_model_arn("eu-west-1", HAIKU),
        format!("arn:aws:bedrock:eu-west-1:{ACCOUNT}:inference-profile/eu.{HAIKU}"),
    ] {
        let message = create(&with("modelSource", &json!({"copyFrom": elsewhere}))).unwrap_err();
        let expected = "modelSource.copyFrom: the ARN names the Region eu-west-1";
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn the_digest_is_of_all_but_the_token_and_the_order_of_tags() {
    let tags = json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]);
    let turned = json!([{"key": "b", "value": "2"}, {"key": "a", "value": "1"}]);
    let digest = |body: &Value| create(body).unwrap().digest();
    let first = digest(&with("tags", &tags));
    assert_eq!(first, digest(&with("tags", &turned)));
    let mut named = with("tags", &tags);
    named["clientRequestToken"] = "t".into();
    assert_eq!(first, digest(&named));
    let source = json!({"copyFrom": format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/us.{HAIKU}")});
    for (field, value) in [
        ("inferenceProfileName", json!("m")),
        ("description", json!("d")),
        ("modelSource", source),
        ("tags", json!([{"key": "a", "value": "1"}])),
    ] {
        let mut other = with("tags", &tags);
        other[field] = value;
        assert_ne!(first, digest(&other), "{field}");
    }
}

#[test]
fn every_form_of_an_identifier_is_told() {
    let read = |text: &str| ProfileRef::from_segment(text);
    let system = ProfileRef::System(Geo::Eu, HAIKU.to_owned());
    assert_eq!(read(&format!("eu.{HAIKU}")).unwrap(), system);
    let arn = format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:inference-profile/eu.{HAIKU}");
    assert_eq!(read(&arn).unwrap(), system);
    let escaped = arn.replace(':', "%3A").replace('/', "%2F");
    assert_eq!(read(&escaped).unwrap(), system);
    let bare = ProfileRef::Application { id: "abcdefghijkl".into(), resource: None };
    assert_eq!(read("abcdefghijkl").unwrap(), bare);
    let ProfileRef::Application { id, resource } =
        read(&application_arn(REGION, ACCOUNT, "abcdefghijkl")).unwrap()
    else {
        panic!("an application profile");
    };
    let resource = resource.unwrap();
    assert_eq!((&*id, &*resource.region, &*resource.account), ("abcdefghijkl", REGION, ACCOUNT));
    for bad in ["", "%", "a b", "a/b", "a_b", &foundation(), "arn:aws:s3:::x", "%2525"] {
        let error = read(bad).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Validation, "{bad}");
    }
}

#[test]
fn the_query_of_a_list_is_checked_as_a_whole() {
    let all = ListProfiles { max_results: 1000, next_token: None, kind: None };
    assert_eq!(ListProfiles::parse("").unwrap(), all);
    assert_eq!(ListProfiles::parse("other=1").unwrap(), all);
    let some = ListProfiles {
        max_results: 5,
        next_token: Some("a+b".into()),
        kind: Some(ProfileType::Application),
    };
    assert_eq!(ListProfiles::parse("type=APPLICATION&maxResults=5&nextToken=a%2Bb").unwrap(), some);
    let error = ListProfiles::parse("type=MINE&maxResults=0&nextToken=").unwrap_err();
    assert_eq!(
        error.message,
        "3 validation errors detected: Value 'MINE' at 'type' failed to satisfy constraint: Member must satisfy enum \
         value set: [SYSTEM_DEFINED, APPLICATION]; Value '0' at 'maxResults' failed to satisfy constraint: Member must \
         have value greater than or equal to 1; Value '' at 'nextToken' failed to satisfy constraint: Member must have \
         length greater than or equal to 1"
    );
    for refused in
        [ListProfiles::parse("projectIdentifier=x").map(|_| ()), check_get("projectIdentifier=x")]
    {
        assert!(refused.unwrap_err().message.contains("projectIdentifier"));
    }
    assert!(check_get("").is_ok());
}

#[test]
fn a_system_defined_profile_leads_to_the_regions_of_its_geography() {
    let listing = Listing::from(catalogue::find(HAIKU).unwrap());
    insta::assert_json_snapshot!(Profile::system(Geo::Us, &listing, ACCOUNT, "us-west-2").shape());
}

#[test]
fn an_application_profile_has_the_documented_shape() {
    let source = ProfileSource { model_id: HAIKU.into(), geo: None };
    let profile = Profile {
        id: "abcdefghijkl".into(),
        arn: application_arn(REGION, ACCOUNT, "abcdefghijkl"),
        name: "n".into(),
        description: None,
        models: source.model_arns(REGION),
        created_ms: Some(1_764_000_000_012),
        kind: ProfileType::Application,
    };
    insta::assert_json_snapshot!(encode_list(&[profile], Some("token")));
    assert_eq!(encode_list(&[], None).to_string(), r#"{"inferenceProfileSummaries":[]}"#);
    assert_eq!(encode_created("a").to_string(), r#"{"inferenceProfileArn":"a","status":"ACTIVE"}"#);
}

#[test]
fn errors_are_of_their_kind() {
    let kinds = [profile_not_found(), token_conflict(), too_many_profiles()]
        .map(|error| (error.kind.code(), error.kind.status()));
    assert_eq!(
        kinds,
        [
            ("ResourceNotFoundException", 404),
            ("ConflictException", 400),
            ("ServiceQuotaExceededException", 400)
        ]
    );
}

proptest! {
    #[test]
    fn any_name_is_taken_as_the_pattern_says(text in "[a-zA-Z0-9 _.:-]{1,20}") {
        let separator = |each: char| matches!(each, ' ' | '_' | '-');
        let mut twice = text.chars().zip(text.chars().skip(1));
        let expected = !text.starts_with(separator)
            && !twice.any(|(one, next)| separator(one) && separator(next));
        prop_assert_eq!(is_spaced(&text, ".:"), expected);
        prop_assert_eq!(is_spaced(&text, ""), expected && !text.contains(['.', ':']));
    }

    #[test]
    fn any_text_is_an_identifier_or_refused(text in ".{0,60}") {
        let _ = ProfileRef::from_segment(&text);
        let _ = ListProfiles::parse(&text);
        let _ = parse_create(text.as_bytes(), REGION);
    }
}
