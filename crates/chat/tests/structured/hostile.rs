//! Schemas that ask for too much are refused, and what is accepted stays within the fuel of a step.

use chat::ChatError;
use serde_json::{Value, json};

use crate::keywords::constraint;
use crate::sample::{Dice, allowed};
use crate::vocabulary::Pieces;

/// Accepted, it would fail in every answer: wherever `[ab]` may stand, the automaton has to remember.
#[test]
fn a_pattern_too_large_for_a_mask_is_refused_before_an_answer_begins() {
    let (model, _) = Pieces::new(true).model(None);
    let schema = json!({"type": "string", "pattern": "[ab].{30}", "maxLength": 60});
    let within = json!({"type": "object", "properties": {"a": schema}, "required": ["a"]});
    for schema in [&schema, &within] {
        let error = constraint(&model, schema).err();
        assert!(matches!(error, Some(ChatError::Unenforceable(_))), "{schema}: {error:?}");
    }
}

fn nested(depth: usize, around: impl Fn(Value) -> Value) -> Value {
    (0..depth).fold(json!({"type": "null"}), |inner, _| around(inner))
}

fn refused() -> Vec<(&'static str, Value)> {
    let names = |count: usize| (0..count).map(|n| format!("name number {n}"));
    let any_of = |count: usize, from: usize| {
        let options: Vec<Value> = (0..count)
            .map(|n| json!({"properties": {format!("p{}", n + from): {"type": "integer"}}}))
            .collect();
        json!({"anyOf": options})
    };
    vec![
        ("nested arrays", nested(40, |inner| json!({"items": inner}))),
        ("nested anyOf", nested(40, |inner| json!({"anyOf": [inner]}))),
        ("a nested const", json!({"const": nested(60, |inner| json!([inner]))})),
        ("a huge enum", json!({"enum": (0..1001).collect::<Vec<_>>()})),
        ("long values", json!({"enum": ["x".repeat(60_000), "y".repeat(60_000)]})),
        (
            "many properties",
            json!({"properties": names(301).map(|n| (n, json!({}))).collect::<serde_json::Map<_, _>>()}),
        ),
        ("many required", json!({"required": names(301).collect::<Vec<_>>()})),
        ("many options", json!({"anyOf": vec![json!({}); 301]})),
        ("many parts", json!({"anyOf": vec![json!({"anyOf": vec![json!({}); 250]}); 250]})),
        ("counting", json!({"pattern": "^(((a{10}){10}){10}){10}$"})),
        ("a product", json!({"allOf": (0..12).map(|n| any_of(12, n * 12)).collect::<Vec<_>>()})),
        (
            "joined heavy patterns",
            json!({"allOf": [{"pattern": "a.{30}b"}, {"pattern": "a.{31}b"}]}),
        ),
        (
            "many joined patterns",
            json!({"allOf": (0..40).map(|n| json!({"pattern": format!("{}.{{16}}b", n % 10)})).collect::<Vec<_>>()}),
        ),
        ("itself", json!({"anyOf": [{"$ref": "#/anyOf/1"}, {"$ref": "#/anyOf/0"}]})),
        (
            "both trees at once",
            json!({
                "allOf": [{"$ref": "#/$defs/a"}, {"$ref": "#/$defs/b"}],
                "$defs": {
                    "a": {"type": "object", "properties": {"c": {"$ref": "#/$defs/a"}}},
                    "b": {"type": "object", "properties": {"c": {"$ref": "#/$defs/b"}}},
                },
            }),
        ),
        (
            "multiples of everything",
            json!({"allOf": ([997, 991, 983, 977, 971].map(|n| json!({"type": "integer", "multipleOf": n})))}),
        ),
    ]
}

#[test]
fn schemas_beyond_a_bound_are_refused() {
    let (model, _) = Pieces::new(true).model(None);
    for (what, schema) in refused() {
        let error = constraint(&model, &schema).err().unwrap_or_else(|| panic!("{what}"));
        assert!(
            matches!(error, ChatError::Schema { .. } | ChatError::Unenforceable(_)),
            "{what}: {error}"
        );
        assert!(error.to_string().len() < 2000, "{what}: {error}");
    }
}

/// These may be accepted or refused; what counts is that every step comes back, if only with nothing allowed.
#[test]
fn accepted_schemas_stay_within_the_fuel_of_a_step() {
    let (model, tokenizer) = Pieces::new(true).model(None);
    let chain: serde_json::Map<String, Value> = (0..300)
        .map(|n| {
            (
                format!("d{n}"),
                json!({"type": "array", "items": {"$ref": format!("#/$defs/d{}", n + 1)}}),
            )
        })
        .chain([("d300".to_owned(), json!({"type": "null"}))])
        .collect();
    let optional: serde_json::Map<String, Value> =
        (0..300).map(|n| (format!("{n}"), json!({"type": "integer"}))).collect();
    let schemas = [
        json!({"type": "string", "pattern": "^(?:a|b)*a(?:a|b){30}$"}),
        json!({"type": "string", "pattern": "(?:a|b)*a(?:a|b){400}"}),
        json!({"type": "string", "pattern": "^(?:(?:a?){30}a{30}|(?:.{0,9}b){40})$"}),
        json!({"type": "string", "minLength": 9000, "maxLength": 10_000}),
        json!({"type": "array", "minItems": 9000, "maxItems": 10_000}),
        json!({"type": "integer", "multipleOf": 997}),
        json!({"enum": (0..1000).map(|n| format!("{n}{}", "x".repeat(n % 50))).collect::<Vec<_>>()}),
        json!({"type": "object", "properties": optional}),
        json!({"$ref": "#/$defs/d0", "$defs": chain}),
        json!({"anyOf": (0..300).map(|n| json!({"type": "object", "properties": {format!("k{n}"): {"type": "string", "maxLength": n}}})).collect::<Vec<_>>()}),
    ];
    for schema in schemas {
        let Ok(mut constraint) = constraint(&model, &schema) else { continue };
        let mut dice = Dice::new(1);
        for _ in 0..300 {
            let allowed = allowed(constraint.as_mut(), tokenizer.as_ref());
            let Some(token) = allowed.get(dice.below(allowed.len().max(1))) else { break };
            if tokenizer.stop_tokens().contains(token) {
                break;
            }
            constraint.accept(*token);
            constraint.forced();
        }
    }
}
