use super::*;
use crate::catalogue;

fn listings() -> Vec<Listing> {
    catalogue::all().iter().map(Listing::from).collect()
}

fn ids(query: &str) -> Vec<String> {
    let listings = listings();
    let body = list_foundation_models(&listings, &Filter::parse(query).unwrap(), "us-east-1");
    let models = body["modelSummaries"].as_array().unwrap();
    models.iter().map(|model| model["modelId"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_model_has_the_documented_shape() {
    let model = catalogue::find("anthropic.claude-3-haiku-20240307-v1:0").unwrap();
    let mut listing = Listing::from(model);
    listing.served_by = Some("pebble".into());
    insta::assert_json_snapshot!(get_foundation_model(&listing, "eu-central-1"));
}

#[test]
fn a_list_of_embedding_models() {
    let listings = listings();
    let filter = Filter::parse("byProvider=Amazon&byOutputModality=EMBEDDING").unwrap();
    insta::assert_json_snapshot!(list_foundation_models(&listings, &filter, "us-east-1"));
}

#[test]
fn a_configured_model_is_shown_by_its_id() {
    let listing = Listing::configured("Qwen/Qwen3-8B", 40_960, 8_192);
    insta::assert_json_snapshot!(get_foundation_model(&listing, "us-east-1"));
    assert_eq!(Listing::configured("qwen.qwen3-8b", 1, 1).provider, "Qwen");
}

#[test]
fn filters_are_joined_by_and() {
    assert_eq!(ids("").len(), catalogue::all().len());
    assert_eq!(ids("byProvider=anthropic"), ids("byProvider=Anthropic"));
    assert!(ids("byProvider=Anthropic").iter().all(|id| id.starts_with("anthropic.")));
    assert_eq!(ids("byProvider=AI21%20Labs"), ids("byProvider=AI21+Labs"));
    assert_eq!(ids("byProvider=AI21%20Labs").len(), 2);
    assert!(ids("byProvider=Nobody").is_empty());
    assert_eq!(ids("byInferenceType=ON_DEMAND").len(), catalogue::all().len());
    assert!(ids("byInferenceType=PROVISIONED").is_empty());
    assert!(ids("byCustomizationType=FINE_TUNING").is_empty());
    let images = ids("byOutputModality=IMAGE");
    assert!(images.contains(&"stability.sd3-5-large-v1:0".to_owned()));
    assert!(!images.contains(&"amazon.nova-pro-v1:0".to_owned()));
    assert_eq!(ids("byOutputModality=IMAGE&byProvider=Amazon").len(), 2);
    assert_eq!(ids("unknown=1&&x").len(), catalogue::all().len());
}

#[test]
fn values_that_are_not_allowed_are_told_together() {
    let error = Filter::parse("byOutputModality=text").unwrap_err();
    assert_eq!(error.kind, ErrorKind::Validation);
    assert_eq!(
        error.message,
        "1 validation error detected: Value 'text' at 'byOutputModality' failed to satisfy constraint: \
         Member must satisfy enum value set: [TEXT, IMAGE, EMBEDDING, VIDEO, SPEECH]"
    );
    let error =
        Filter::parse("byProvider=a%2Fb&byInferenceType=&byCustomizationType=X").unwrap_err();
    assert_eq!(
        error.message,
        "3 validation errors detected: Value 'a/b' at 'byProvider' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: [A-Za-z0-9- ]{1,63}; Value '' at 'byInferenceType' failed to satisfy constraint: \
         Member must satisfy enum value set: [ON_DEMAND, PROVISIONED]; Value 'X' at 'byCustomizationType' failed to \
         satisfy constraint: Member must satisfy enum value set: [FINE_TUNING, CONTINUED_PRE_TRAINING, DISTILLATION]"
    );
    assert!(Filter::parse(&format!("byProvider={}", "a".repeat(64))).is_err());
    assert!(Filter::parse("byProvider=%00").is_err());
}

#[test]
fn a_model_that_is_nowhere_is_not_found() {
    assert_eq!(model_not_found().kind.status(), 404);
}
