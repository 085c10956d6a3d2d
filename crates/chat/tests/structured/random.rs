//! Schemas made of everything at once.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::keywords::{check, constraint};
use crate::vocabulary::Pieces;

fn merged(mut base: Value, more: Value) -> Value {
    if let (Value::Object(base), Value::Object(more)) = (&mut base, more) {
        base.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
    }
    base
}

fn number() -> impl Strategy<Value = Value> {
    let integers = (-2000_i64..2000, 0_i64..3000, 0..6).prop_map(|(low, span, kind)| {
        let high = low + span;
        match kind {
            0 => json!({"type": "integer"}),
            1 => json!({"type": "integer", "minimum": low, "maximum": high}),
            2 => json!({"type": "integer", "exclusiveMinimum": low, "maximum": high + 1}),
            3 => json!({"type": "integer", "minimum": low}),
            4 => json!({"type": "integer", "maximum": high}),
            _ => json!({"type": "integer", "multipleOf": span % 30 + 1, "minimum": low}),
        }
    });
    let numbers = (-2000_i32..2000, 1_i32..3000, 0..5).prop_map(|(low, span, kind)| {
        let (low, high) = (f64::from(low) / 8.0, f64::from(low + span) / 8.0);
        match kind {
            0 => json!({"type": "number"}),
            1 => json!({"type": "number", "minimum": low, "maximum": high}),
            2 => json!({"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": high}),
            3 => json!({"type": "number", "minimum": low}),
            _ => json!({"type": "number", "exclusiveMaximum": high}),
        }
    });
    prop_oneof![integers, numbers]
}

fn string() -> impl Strategy<Value = Value> {
    let patterns = [
        "^[a-z]{1,8}$",
        "^\\d{3}-\\d{4}$",
        "x.y",
        "^(?:red|green|blue)$",
        "[A-Z]\\s",
        "^\\W+$",
        "\\.$",
        "^é?\\u00e8*$",
        "^[^a-z]{2,}$",
        "^(a|b(c|d)){1,3}$",
    ];
    let formats = [
        "date",
        "time",
        "date-time",
        "uuid",
        "ipv4",
        "ipv6",
        "hostname",
        "email",
        "uri",
        "duration",
    ];
    prop_oneof![
        (0_u64..6, 0_u64..20).prop_map(
            |(low, span)| json!({"type": "string", "minLength": low, "maxLength": low + span})
        ),
        prop::sample::select(patterns.to_vec())
            .prop_map(|pattern| json!({"type": "string", "pattern": pattern})),
        prop::sample::select(formats.to_vec())
            .prop_map(|format| json!({"type": "string", "format": format})),
    ]
}

fn literal() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-100_i64..100).prop_map(Value::from),
        (-800_i32..800).prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        "[a-z\"\\\\/é\n<]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!({"type": "null"})),
        Just(json!({"type": "boolean", "title": "t"})),
        number(),
        string(),
        literal().prop_map(|value| json!({"const": value})),
        prop::collection::vec(literal(), 1..5).prop_map(|values| json!({"enum": values})),
        Just(json!({"type": ["integer", "null"], "minimum": 3})),
        Just(json!({"$ref": "#/$defs/tree"})),
    ]
}

fn array(inner: impl Strategy<Value = Value> + Clone) -> impl Strategy<Value = Value> {
    let counts = (0_u64..3, 0_u64..3);
    (inner.clone(), prop::collection::vec(inner, 0..3), counts, any::<bool>()).prop_map(
        |(items, tuple, (least, span), bounded)| {
            let mut schema = json!({"type": "array", "items": items, "minItems": least});
            if bounded {
                schema["maxItems"] = json!(least + span);
            }
            if !tuple.is_empty() {
                schema["prefixItems"] = json!(tuple);
            }
            schema
        },
    )
}

fn object(inner: impl Strategy<Value = Value> + Clone) -> impl Strategy<Value = Value> {
    let names = prop::sample::subsequence(vec!["a", "b c", "é", "\"q\"", "x_n", "\n"], 0..5);
    let schemas = prop::collection::vec(inner.clone(), 5);
    let rest = prop_oneof![
        3 => Just(json!(false)),
        1 => Just(Value::Null),
        1 => inner.clone(),
    ];
    (names, schemas, any::<u8>(), rest, prop::option::weighted(0.3, inner)).prop_map(
        |(names, schemas, chosen, rest, by_pattern)| {
            let required: Vec<&str> = names
                .iter()
                .enumerate()
                .filter(|(index, _)| chosen >> index & 1 == 1)
                .map(|(_, name)| *name)
                .collect();
            let properties: Map<String, Value> =
                names.iter().map(|name| (*name).to_owned()).zip(schemas).collect();
            let patterns = by_pattern.map(|schema| json!({"^x_": schema}));
            let all_required = required.len() == names.len();
            let base = json!({"type": "object", "properties": properties, "required": required});
            merged(
                base,
                json!({
                    "additionalProperties": rest,
                    "patternProperties": patterns,
                    "maxProperties": all_required.then_some(required.len() + 2),
                    "minProperties": (chosen > 200 && all_required).then_some(required.len()),
                }),
            )
        },
    )
}

fn schema() -> impl Strategy<Value = Value> {
    let inner = leaf().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            2 => array(inner.clone()),
            3 => object(inner.clone()),
            1 => prop::collection::vec(inner.clone(), 1..4).prop_map(|all| json!({"anyOf": all})),
            1 => (object(inner.clone()), object(inner.clone())).prop_map(|(a, b)| json!({"allOf": [a, b]})),
            1 => (inner, number()).prop_map(|(a, b)| json!({"oneOf": [{"type": "array", "items": a, "maxItems": 2}, b]})),
        ]
    });
    inner.prop_map(|schema| {
        let tree = json!({
            "type": "object", "required": ["leaf"], "additionalProperties": false,
            "properties": {
                "leaf": {"type": "boolean"},
                "more": {"type": "array", "items": {"$ref": "#/$defs/tree"}, "maxItems": 1},
            },
        });
        merged(schema, json!({"$defs": {"tree": tree}}))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_ends_is_valid(schema in schema(), seed in any::<u32>(), merges in any::<bool>()) {
        let (model, tokenizer) = Pieces::new(merges).model(None);
        if constraint(&model, &schema).is_ok() {
            let seed = u64::from(seed);
            check((&model, tokenizer.as_ref()), &schema, seed..seed + 2, 1500);
        }
    }
}

/// The property above would hold of refusals, too: most of these schemas are accepted, and most answers end.
#[test]
fn most_schemas_are_accepted_and_most_answers_end() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (model, tokenizer) = Pieces::new(true).model(None);
    let (mut accepted, mut ended) = (0, 0);
    for _ in 0..100 {
        let schema = schema().new_tree(&mut runner).unwrap().current();
        if constraint(&model, &schema).is_ok() {
            accepted += 1;
            ended += check((&model, tokenizer.as_ref()), &schema, 1..2, 3000);
        }
    }
    assert!(accepted >= 60, "{accepted} of 100 accepted");
    assert!(ended * 10 >= accepted * 8, "{ended} of {accepted} ended");
}
