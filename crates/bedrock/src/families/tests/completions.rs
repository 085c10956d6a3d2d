//! Titan, Mistral text and DeepSeek.

use serde_json::json;

use super::{parse, refuses};
use crate::canonical::{Markup, Prompt};
use crate::family::Family;

#[test]
fn each_prompt_keeps_its_markup() {
    let cases = [
        (Family::TitanText, "inputText", "User: hi\nBot:", Markup::Titan),
        (Family::MistralText, "prompt", "<s>[INST] hi [/INST]", Markup::Mistral),
        (Family::DeepSeek, "prompt", "<｜User｜>hi<｜Assistant｜>", Markup::DeepSeek),
    ];
    for (family, key, text, markup) in cases {
        let request = parse(family, &json!({key: text})).unwrap();
        assert_eq!(request.prompt, Prompt::Raw { text: text.into(), markup });
        assert!(request.tools.is_empty() && request.ignored.is_empty());
    }
}

#[test]
fn the_documented_examples_are_read() {
    let titan = json!({
        "inputText": "a",
        "textGenerationConfig": {"maxTokenCount": 3072, "stopSequences": [], "temperature": 0.7, "topP": 0.9},
    });
    assert_eq!(parse(Family::TitanText, &titan).unwrap().max_tokens, Some(3072));
    let mistral = json!({
        "prompt": "a", "max_tokens": 400, "temperature": 0.7, "top_p": 0.7, "top_k": 50, "stop": ["x"],
    });
    assert_eq!(parse(Family::MistralText, &mistral).unwrap().stop_sequences, ["x"]);
    let deepseek = json!({"prompt": "a", "max_tokens": 512, "temperature": 0.5, "top_p": 0.9});
    assert_eq!(parse(Family::DeepSeek, &deepseek).unwrap().sampling.temperature, Some(0.5));
}

#[test]
fn refusals_name_the_field() {
    let titan = |config| json!({"inputText": "a", "textGenerationConfig": config});
    refuses(
        Family::TitanText,
        &[
            (json!({}), "#: required key [inputText] not found"),
            (json!({"inputText": ""}), "#/inputText: expected minimum length: 1"),
            (json!({"inputText": "a", "temperature": 0}), "#: extraneous key [temperature]"),
            (titan(json!({"topP": 0})), "#/textGenerationConfig/topP: 0 is not greater"),
            (titan(json!({"max": 1})), "#/textGenerationConfig: extraneous key [max]"),
            (titan(json!(1)), "textGenerationConfig: expected an object"),
        ],
    );
    refuses(
        Family::MistralText,
        &[
            (json!({"prompt": 1}), "prompt: expected a string"),
            (json!({"prompt": "a", "top_k": 0}), "#/top_k: 0 is not greater or equal to 1"),
            (json!({"prompt": "a", "max_gen_len": 1}), "#: extraneous key [max_gen_len]"),
        ],
    );
    refuses(
        Family::DeepSeek,
        &[
            (json!({"prompt": "a", "max_tokens": 32_769}), "#/max_tokens: 32769 is not less"),
            (json!({"prompt": "a", "messages": []}), "#: extraneous key [messages]"),
        ],
    );
}
