use proptest::prelude::*;

use super::*;

const HAIKU: &str = "anthropic.claude-3-haiku-20240307-v1:0";

fn model(id: &str) -> ModelRef {
    ModelRef::Model { id: id.into(), region: None }
}

#[test]
fn every_encoding_of_one_id_is_the_same_id() {
    for raw in [
        HAIKU,
        "anthropic.claude-3-haiku-20240307-v1%3A0",
        "anthropic.claude-3-haiku-20240307-v1%3a0",
        "%61nthropic.claude-3-haiku-20240307-v1:0",
    ] {
        assert_eq!(ModelRef::from_segment(raw), Ok(model(HAIKU)), "{raw}");
    }
    assert_eq!(ModelRef::from_segment("Qwen%2FQwen3-8B"), Ok(model("Qwen/Qwen3-8B")));
    // Decoded once only: what is left is no id.
    assert_eq!(
        ModelRef::from_segment("anthropic.claude-3-haiku-20240307-v1%253A0"),
        Err(ModelIdError::Invalid)
    );
}

#[test]
fn geo_prefixes_lead_to_the_base_id() {
    let prefixes = ["us", "eu", "apac", "jp", "au", "ca", "in", "us-gov", "global"];
    for prefix in prefixes {
        let parsed = ModelRef::parse(&format!("{prefix}.{HAIKU}")).unwrap();
        assert_eq!(parsed.base_id(), Some(HAIKU));
        assert_eq!(parsed.geo().unwrap().to_string(), prefix);
        let arn =
            format!("arn:aws:bedrock:us-west-2:123456789012:inference-profile/{prefix}.{HAIKU}");
        let by_arn = ModelRef::parse(&arn).unwrap();
        assert_eq!((by_arn.base_id(), by_arn.geo()), (parsed.base_id(), parsed.geo()));
        let resource = by_arn.resource().unwrap();
        assert_eq!((&*resource.region, &*resource.account), ("us-west-2", "123456789012"));
    }
    assert_eq!(prefixes.len(), GEOS.len());
    // A prefix counts only before a vendor and a model.
    for name in ["us.my-model", "in.gpt", "mars.anthropic.claude", "us..x", "us.x."] {
        assert_eq!(ModelRef::parse(name), Ok(model(name)), "{name}");
    }
}

#[test]
fn names_that_are_no_bedrock_ids_stay_as_they_are() {
    for name in ["Qwen/Qwen3-8B", "pebble", "my_model", "llama3.2:1b", "a", "org/repo/file.gguf"] {
        assert_eq!(ModelRef::parse(name), Ok(model(name)), "{name}");
    }
}

#[test]
fn arns_name_their_kind() {
    let cases = [
        ("us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0", "foundation model"),
        ("us-east-1::foundation-model/zai.glm-4.7", "foundation model"),
        (
            "us-east-1:123456789012:application-inference-profile/abcdef123456",
            "application inference profile",
        ),
        ("us-east-1:123456789012:provisioned-model/abcdef123456", "provisioned model"),
        ("us-east-1:123456789012:imported-model/abcdef123456", "imported model"),
        ("us-east-1:123456789012:custom-model-deployment/abcdef123456", "custom model deployment"),
        (
            "us-east-1:123456789012:custom-model/amazon.titan-text-lite-v1:0:4k/abcdef123456",
            "custom model",
        ),
        ("us-east-1:123456789012:prompt/PROMPT1234", "prompt"),
        ("us-east-1:123456789012:prompt/PROMPT1234:12", "prompt"),
        ("us-east-1:123456789012:prompt-router/abc", "prompt router"),
        ("us-east-1:123456789012:default-prompt-router/anthropic.claude:1", "prompt router"),
    ];
    for (rest, kind) in cases {
        let arn = format!("arn:aws:bedrock:{rest}");
        let parsed = ModelRef::parse(&arn).unwrap();
        assert_eq!(parsed.kind(), kind, "{arn}");
        assert_eq!(parsed.resource().is_some(), kind != "foundation model", "{arn}");
    }
    let arn = foundation_model_arn("eu-central-1", HAIKU);
    let region = Some("eu-central-1".to_owned());
    assert_eq!(ModelRef::parse(&arn), Ok(ModelRef::Model { id: HAIKU.into(), region }));
    let endpoint = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/my-Endpoint";
    assert_eq!(ModelRef::parse(endpoint).unwrap().kind(), "SageMaker endpoint");
    let gov = "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0";
    assert_eq!(ModelRef::parse(gov).unwrap().base_id(), Some(HAIKU));
}

#[test]
fn what_is_no_model_is_refused_in_bedrocks_words() {
    let arns = [
        "arn:",
        "arn:aws:bedrock",
        "arn:aws:s3:us-east-1:123456789012:bucket/x",
        "arn:aws:bedrock:us-east-1:123456789012:guardrail/abcdef123456",
        "arn:aws:bedrock:us-east-1:123456789012:foundation-model/anthropic.claude",
        "arn:aws:bedrock:::foundation-model/anthropic.claude",
        "arn:aws:bedrock:us-east-1::foundation-model/claude",
        "arn:aws:bedrock:us-east-1::foundation-model/anthropic.Claude",
        "arn:aws:bedrock:us-east-1::foundation-model/",
        "arn:aws:bedrock:us-east-1:1234:imported-model/abcdef123456",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdef12345",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/anthropic.claude-3",
        "arn:aws:bedrock:us-east-1:123456789012:prompt/short",
        "arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT1234:123456",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/abcdef123456",
        "arn:AWS:bedrock:us-east-1::foundation-model/anthropic.claude",
    ];
    for text in arns.into_iter().chain([" ", "a b", "ü", "-a", ".a", "a\n", "a%", "a?b", "../x"]) {
        let error = ModelRef::parse(text).unwrap_err();
        assert_eq!(error.to_string(), "The provided model identifier is invalid.", "{text}");
    }
    for raw in ["%", "a%3", "a%zz", "%ff", "a%2"] {
        assert_eq!(ModelRef::from_segment(raw), Err(ModelIdError::Invalid), "{raw}");
    }
    assert_eq!(ModelRef::from_segment(""), Err(ModelIdError::Empty));
    assert!(ModelRef::parse(&"a".repeat(MAX_MODEL_ID)).is_ok());
    assert_eq!(ModelRef::parse(&"a".repeat(MAX_MODEL_ID + 1)), Err(ModelIdError::TooLong));
    assert_eq!(ModelRef::from_segment(&"%61".repeat(MAX_MODEL_ID + 1)), Err(ModelIdError::TooLong));
    let error = WireError::from(ModelIdError::Invalid);
    assert_eq!((error.kind.code(), error.kind.status()), ("ValidationException", 400));
}

proptest! {
    #[test]
    fn any_text_is_parsed_or_refused(text in ".{0,60}", tail in "[a-z0-9.:/-]{0,40}") {
        let _ = ModelRef::from_segment(&text);
        let _ = ModelRef::parse(&format!("arn:aws:bedrock:us-east-1:{tail}"));
        if let Ok(parsed) = ModelRef::parse(&tail) {
            let id = parsed.base_id().unwrap();
            prop_assert!(tail.ends_with(id));
        }
    }
}
