use serde_json::json;

use super::{parse, refuses};
use crate::canonical::{Markup, Prompt, Sampling};
use crate::family::Family;

const FAMILY: Family = Family::MetaLlama;

#[test]
fn the_prompt_keeps_its_markup_and_the_familys_defaults_apply() {
    let prompt = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|>";
    let request = parse(FAMILY, &json!({"prompt": prompt})).unwrap();
    assert_eq!(request.prompt, Prompt::Raw { text: prompt.into(), markup: Markup::Llama });
    let defaults = Sampling { temperature: Some(0.5), top_p: Some(0.9), ..Sampling::default() };
    assert_eq!((request.sampling, request.max_tokens), (defaults, Some(512)));
}

#[test]
fn every_parameter_is_read() {
    let body = json!({
        "prompt": "a", "temperature": 0.25, "top_p": 0.75, "max_gen_len": 2048, "top_k": 3,
        "seed": 1, "explain": 1, "min_p": 0.5, "presence_penalty": 1, "frequency_penalty": 2,
        "repetition_penalty": 2, "logit_bias": {"5": -1}, "images": null,
    });
    let request = parse(FAMILY, &body).unwrap();
    assert_eq!(request.max_tokens, Some(2048));
    assert_eq!(
        request.sampling,
        Sampling {
            temperature: Some(0.25),
            top_p: Some(0.75),
            top_k: Some(3),
            min_p: Some(0.5),
            seed: Some(1),
            presence_penalty: Some(1.0),
            frequency_penalty: Some(2.0),
            repetition_penalty: Some(2.0),
            logit_bias: vec![(5, -1.0)],
            logprobs: None,
            explain: Some(1),
        }
    );
}

#[test]
fn refusals_name_the_field() {
    refuses(
        FAMILY,
        &[
            (json!({}), "#: required key [prompt] not found"),
            (json!({"prompt": ""}), "#/prompt: expected minimum length: 1, actual: 0"),
            (json!({"prompt": ["a"]}), "prompt: expected a string, found a list"),
            (json!({"prompt": "a", "max_gen_len": 2049}), "#/max_gen_len: 2049 is not less"),
            (json!({"prompt": "a", "max_gen_len": 0}), "#/max_gen_len: 0 is not greater"),
            (
                json!({"prompt": "a", "temperature": 2}),
                "#/temperature: 2 is not less or equal to 1",
            ),
            (json!({"prompt": "a", "images": ["x"]}), "images: this model doesn't support images"),
            (json!({"prompt": "a", "max_tokens": 5}), "#: extraneous key [max_tokens]"),
            (json!(["a"]), "#: expected an object, found a list"),
        ],
    );
}
