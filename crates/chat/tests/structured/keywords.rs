//! Every keyword that is accepted, one by one and together; every one that is not, by name.

use bedrock::canonical::{Markup, OutputSchema, Prompt, Request};
use chat::{ChatError, ChatModel};
use engine::{Constraint, TokenId, Tokenizer};
use serde_json::{Value, json};

use crate::sample::{allowed, say};
use crate::vocabulary::Pieces;

pub(crate) fn request(schema: &Value) -> Request {
    let prompt = Prompt::Raw { text: "x".into(), markup: Markup::None };
    let output_format = Some(OutputSchema { name: None, schema: schema.clone() });
    Request { output_format, ..Request::new(prompt) }
}

pub(crate) fn constraint(
    model: &ChatModel,
    schema: &Value,
) -> Result<Box<dyn Constraint>, ChatError> {
    let mut made = model.constraints(&request(schema))?;
    assert_eq!(made.len(), 1);
    Ok(made.remove(0))
}

pub(crate) fn judge(schema: &Value) -> jsonschema::Validator {
    let options = jsonschema::options().should_validate_formats(true);
    options.build(schema).unwrap_or_else(|error| panic!("{schema}: {error}"))
}

/// Says `times` answers and checks each that ended. Says how many did.
pub(crate) fn check(
    (model, tokenizer): (&ChatModel, &dyn Tokenizer),
    schema: &Value,
    seeds: std::ops::Range<u64>,
    most: usize,
) -> usize {
    let judge = judge(schema);
    let mut ended = 0;
    for seed in seeds {
        let mut constraint = constraint(model, schema).unwrap_or_else(|e| panic!("{schema}: {e}"));
        let said = say(constraint.as_mut(), tokenizer, (seed, most, seed % 2 == 0));
        let text = String::from_utf8_lossy(&said.bytes).into_owned();
        if said.ended {
            let value: Value = serde_json::from_str(&text)
                .unwrap_or_else(|error| panic!("{schema}: {text:?} is not JSON: {error}"));
            assert!(judge.is_valid(&value), "{schema} does not allow {text}");
            ended += 1;
        }
    }
    ended
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn accepted() -> Vec<Value> {
    let tree = json!({
        "type": "object", "properties": {"v": {"type": "integer"}, "next": {"$ref": "#/$defs/a~1b"}},
        "required": ["v"], "additionalProperties": false,
    });
    let tagged = |tag: &str| json!({"type": "object", "properties": {"kind": {"const": tag}}, "required": ["kind"], "additionalProperties": false});
    let strings = |more: Value| {
        let mut schema = json!({"type": "string"});
        schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        schema
    };
    let numbers = |kind: &str, more: Value| {
        let mut schema = json!({"type": kind});
        schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        schema
    };
    vec![
        json!(true),
        json!({}),
        json!({"type": "object"}),
        json!({"type": "null"}),
        json!({"type": "boolean"}),
        json!({"type": ["null", "integer", "boolean"]}),
        numbers("integer", json!({"minimum": -3, "maximum": 120})),
        numbers("integer", json!({"exclusiveMinimum": 9.5, "exclusiveMaximum": 12})),
        numbers("integer", json!({"minimum": 17})),
        numbers("integer", json!({"maximum": -17})),
        numbers("integer", json!({"multipleOf": 7})),
        numbers("integer", json!({"multipleOf": 10, "minimum": -50, "maximum": 1000})),
        numbers("number", json!({})),
        numbers("number", json!({"minimum": -1.5, "maximum": 2.25})),
        numbers("number", json!({"exclusiveMinimum": 0, "exclusiveMaximum": 1})),
        numbers("number", json!({"minimum": 0.125})),
        numbers("number", json!({"exclusiveMaximum": -0.5})),
        numbers("number", json!({"multipleOf": 3, "minimum": 0})),
        strings(json!({})),
        strings(json!({"minLength": 2, "maxLength": 5})),
        strings(json!({"minLength": 3})),
        strings(json!({"pattern": "^[A-Z]{2}-\\d{3}$"})),
        strings(json!({"pattern": "a.c"})),
        strings(json!({"pattern": "^\\s?\\S\\w\\W\\D$"})),
        strings(json!({"pattern": "^(?:cat|dog)s?$", "maxLength": 3})),
        strings(json!({"pattern": "^[^\"\\\\]+/$", "maxLength": 20})),
        json!({"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 4}),
        json!({"type": "array", "maxItems": 0}),
        json!({"type": "array", "items": {"type": "integer"}, "uniqueItems": false}),
        json!({"type": "array", "prefixItems": [{"type": "integer"}, {"const": "b"}], "items": false, "minItems": 1}),
        json!({"type": "array", "prefixItems": [{"type": "null"}], "items": {"type": "boolean"}, "maxItems": 3}),
        json!({"type": "object", "properties": {"a": {"type": "integer"}, "b c": {"type": "string"}}, "required": ["a"], "additionalProperties": false}),
        json!({"type": "object", "properties": {"a": {"type": "integer"}, "é\"\n": {"type": "null"}}, "additionalProperties": {"type": "boolean"}}),
        json!({"type": "object", "properties": {"a": {"const": 1}}, "required": ["a", "z"]}),
        json!({"type": "object", "patternProperties": {"^x_": {"type": "integer"}, "^y": {"type": "null"}}, "additionalProperties": false}),
        json!({"type": "object", "properties": {"x_a": {"minimum": 5}}, "patternProperties": {"^x_": {"type": "integer"}}, "additionalProperties": {"type": "null"}}),
        json!({"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}}, "additionalProperties": false, "minProperties": 1}),
        json!({"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}}, "additionalProperties": false, "maxProperties": 1}),
        json!({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2}),
        json!({"type": "object", "properties": {"a": true}, "required": ["a"], "additionalProperties": {"type": "integer"}, "minProperties": 2}),
        json!({"const": {"a": [1, 2.5, null, true, "x\ny"], "b": {}}}),
        json!({"enum": ["a", "b\t", 1, 1.0, -2.5, null, [1], {"k": "v"}, 0]}),
        json!({"anyOf": [{"type": "integer", "maximum": 3}, {"type": "string", "maxLength": 2}]}),
        json!({"oneOf": [{"type": "integer"}, {"type": "string"}]}),
        json!({"oneOf": [tagged("cat"), tagged("dog")]}),
        json!({"allOf": [{"type": "integer", "minimum": 5}, {"maximum": 9}]}),
        json!({"allOf": [
            {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"type": "object", "properties": {"b": {"type": "boolean"}}, "required": ["b"]},
        ]}),
        json!({"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "null"}}, "anyOf": [{"required": ["a"]}, {"required": ["b"]}], "additionalProperties": false}),
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://e.x/s", "$comment": "c", "title": "t", "description": "d", "default": 1, "examples": [2], "deprecated": false, "readOnly": true, "writeOnly": false, "type": "null"}),
        json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "boolean", "definitions": {}}),
        json!({"$ref": "#/$defs/a~1b", "$defs": {"a/b": tree, "unused": {"not": {}}}}),
        json!({"type": "array", "items": {"$ref": "#"}, "maxItems": 2}),
        json!({"anyOf": [{"type": "null"}, {"type": "object", "properties": {"self": {"$ref": "#"}}, "required": ["self"], "additionalProperties": false}]}),
        json!({"type": "object", "properties": {"p": {"$ref": "#/properties/q"}, "q": {"type": "integer", "minimum": 1, "maximum": 3}}, "required": ["p", "q"], "additionalProperties": false}),
    ]
}

#[test]
fn every_accepted_keyword_is_enforced() {
    for merges in [false, true] {
        let (model, tokenizer) = Pieces::new(merges).model(None);
        let (mut ended, mut all) = (0, 0);
        for schema in accepted() {
            ended += check((&model, tokenizer.as_ref()), &schema, 0..12, 1500);
            all += 12;
        }
        assert!(ended * 10 > all * 8, "{ended} of {all} ended");
    }
}

#[test]
fn every_accepted_format_is_enforced() {
    let (model, tokenizer) = Pieces::new(true).model(None);
    for format in [
        "date",
        "time",
        "date-time",
        "duration",
        "uuid",
        "ipv4",
        "ipv6",
        "hostname",
        "email",
        "uri",
    ] {
        let schema = json!({"type": "string", "format": format});
        let ended = check((&model, tokenizer.as_ref()), &schema, 0..40, 2000);
        assert_eq!(ended, 40, "{format}");
    }
    let both = json!({"type": "string", "format": "date", "pattern": "^20.*-02-29$"});
    assert_eq!(check((&model, tokenizer.as_ref()), &both, 0..20, 100), 20);
}

#[test]
fn what_is_not_enforced_is_refused_by_name_and_place() {
    let (model, _) = Pieces::new(true).model(None);
    let refusals = [
        (json!({"not": {}}), "#/not: the keyword not is not supported"),
        (json!({"type": "object", "properties": {"a/b": {"if": {}}}}), "#/properties/a~1b/if: "),
        (json!({"items": {"uniqueItems": true}}), "#/items/uniqueItems: "),
        (json!({"contains": {}}), "#/contains: "),
        (json!({"propertyNames": {}}), "#/propertyNames: "),
        (json!({"dependentRequired": {}}), "#/dependentRequired: "),
        (json!({"unevaluatedProperties": false}), "#/unevaluatedProperties: "),
        (json!({"x-anything": 1}), "#/x-anything: "),
        (json!({"x-guidance": {}}), "#/x-guidance: "),
        (json!({"nullable": true}), "#/nullable: "),
        (json!({"additionalItems": false}), "#/additionalItems: "),
        (
            json!({"type": "string", "format": "iri"}),
            "#/format: this format is not supported, only date, ",
        ),
        (json!({"pattern": "(?=a)"}), "#/pattern: the pattern is not supported: groups"),
        (json!({"patternProperties": {"\\bx": {}}}), "#/patternProperties/\\bx: "),
        (json!({"multipleOf": 0.1}), "#/multipleOf: "),
        (json!({"multipleOf": 0}), "#/multipleOf: "),
        (json!({"minimum": 1e17}), "#/minimum: "),
        (json!({"minimum": "1"}), "#/minimum: expected a number"),
        (json!({"exclusiveMinimum": true}), "#/exclusiveMinimum: expected a number"),
        (json!({"minLength": -1}), "#/minLength: "),
        (json!({"maxItems": 10_001}), "#/maxItems: "),
        (json!({"minProperties": 2}), "#/minProperties: "),
        (json!({"type": "text"}), "#/type: expected one or more of null, "),
        (json!({"type": []}), "#/type: "),
        (json!({"anyOf": []}), "#/anyOf: expected a list of 1 to"),
        (json!({"items": [{}]}), "#/items: a schema is an object"),
        (json!({"properties": []}), "#/properties: expected an object"),
        (json!({"required": "a"}), "#/required: expected a list of strings"),
        (json!({"enum": []}), "#/enum: "),
        (json!({"const": "\u{1}"}), "#/const: a text with the control character U+0001"),
        (json!({"$ref": "other.json"}), "#/$ref: only references into the schema itself"),
        (json!({"$ref": "#anchor"}), "#/$ref: "),
        (json!({"$ref": "#/$defs/a"}), "#/$defs/a: a $ref names it, but it is not there"),
        (json!({"$ref": "#"}), "#: the schema refers to itself"),
        (json!({"properties": {"a": {"$id": "x"}}}), "#/properties/a/$id: "),
        (json!({"$schema": "http://json-schema.org/draft-04/schema#"}), "#/$schema: only drafts"),
        (
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "prefixItems": [{}]}),
            "#/prefixItems: the draft that $schema names",
        ),
    ];
    for (schema, expected) in refusals {
        let error = constraint(&model, &schema).err().unwrap_or_else(|| panic!("{schema}"));
        let message = error.to_string();
        let expected = format!("the schema of the output cannot be enforced: {expected}");
        assert!(message.starts_with(&expected), "{schema}: {message}");
    }
    // What the compiler finds out.
    for schema in [
        json!(false),
        json!({"type": "integer", "const": "a"}),
        json!({"type": "integer", "minimum": 2, "maximum": 1}),
        json!({"type": "string", "minLength": 3, "maxLength": 2}),
        json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}),
        json!({"type": "object", "required": ["a"], "additionalProperties": false}),
        json!({"type": "object", "properties": {"a": {}, "b": {}}, "minProperties": 1}),
    ] {
        let error = constraint(&model, &schema).err().unwrap_or_else(|| panic!("{schema}"));
        assert!(matches!(error, ChatError::Unenforceable(_)), "{schema}: {error}");
    }
}

#[test]
fn an_answer_ends_exactly_where_its_grammar_can() {
    let (model, tokenizer) = Pieces::new(true).model(None);
    let schema = json!({"type": "integer", "minimum": 0, "maximum": 12});
    let stop = tokenizer.stop_tokens()[0];
    let mut one = constraint(&model, &schema).unwrap();
    assert!(!allowed(one.as_mut(), tokenizer.as_ref()).contains(&stop));
    one.accept(u32::from(b'1'));
    let after = allowed(one.as_mut(), tokenizer.as_ref());
    assert_eq!(after, [u32::from(b'0'), u32::from(b'1'), u32::from(b'2'), stop]);
    one.accept(u32::from(b'2'));
    assert_eq!(allowed(one.as_mut(), tokenizer.as_ref()), [stop]);
    assert!(one.forced().is_empty());
}

/// Whether `text` may be the whole answer.
fn may_say((model, tokenizer): (&ChatModel, &dyn Tokenizer), schema: &Value, text: &str) -> bool {
    let mut constraint = constraint(model, schema).unwrap_or_else(|e| panic!("{schema}: {e}"));
    for token in text.bytes().map(u32::from) {
        if !allowed(constraint.as_mut(), tokenizer).contains(&token) {
            return false;
        }
        constraint.accept(token);
    }
    allowed(constraint.as_mut(), tokenizer).contains(&tokenizer.stop_tokens()[0])
}

#[test]
fn an_exclusive_bound_excludes_what_readers_of_doubles_take_for_it() {
    let (model, tokenizer) = Pieces::new(false).model(None);
    let number = |more: &[(&str, f64)]| {
        let bounds = more.iter().map(|(key, bound)| ((*key).to_owned(), json!(bound)));
        Value::Object([("type".to_owned(), json!("number"))].into_iter().chain(bounds).collect())
    };
    let below = number(&[("minimum", -37.5), ("exclusiveMaximum", -37.499)]);
    let above = number(&[("exclusiveMinimum", 0.5)]);
    let whole = number(&[("exclusiveMaximum", 5.0)]);
    let large = number(&[("exclusiveMaximum", 9_007_199_254_740_992.0)]);
    let part = number(&[("exclusiveMinimum", 0.0), ("exclusiveMaximum", 0.75)]);
    let seven = number(&[("exclusiveMinimum", 7.0), ("maximum", 7.25)]);
    let negative = number(&[("minimum", -0.75), ("exclusiveMaximum", 0.0)]);
    let narrow = number(&[
        ("exclusiveMinimum", 0.123_456_789_012_345_6),
        ("maximum", 0.123_456_789_012_345_8),
    ]);
    let integer = json!({"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5});
    for (schema, text, expected) in [
        (&below, "-37.49900000000000000000000000000000000002", false),
        (&below, "-37.499", false),
        (&below, "-37.4995", true),
        (&above, "0.50000000000000000000000000001", false),
        (&above, "0.50000000000001", true),
        (&whole, "4.99999999999999999999999999", false),
        (&whole, "4.9", true),
        (&whole, "5", false),
        (&large, "9007199254740991.9", false),
        (&large, "9007199254740991", true),
        (&part, "0", false),
        (&part, "-0", false),
        (&part, "0.05", true),
        (&part, "0.70", true),
        (&part, "0.75", false),
        (&seven, "7", false),
        (&seven, "7.1", true),
        (&seven, "7.25", true),
        (&negative, "-0", false),
        (&negative, "0", false),
        (&negative, "-0.5", true),
        (&negative, "-0.75", true),
        (&narrow, "0.1234567890123457", true),
        (&integer, "4", true),
        (&integer, "3", false),
        (&integer, "5", false),
    ] {
        assert_eq!(
            may_say((&model, tokenizer.as_ref()), schema, text),
            expected,
            "{schema} {text}"
        );
    }
}

#[test]
fn what_refers_to_itself_ends_at_a_depth_that_readers_take() {
    let (model, tokenizer) = Pieces::new(false).model(None);
    let list = json!({"type": "object", "properties": {"next": {"$ref": "#"}}, "additionalProperties": false});
    let tree = json!({"type": "array", "items": {"$ref": "#"}});
    for (schema, deepest) in [(&list, 24), (&tree, 24)] {
        let mut constraint = constraint(&model, schema).unwrap();
        let (mut depth, mut most) = (0i32, 0);
        // Goes on as long as it may: an answer that ends does so because nothing else was left.
        for step in 0.. {
            assert!(step < 2000, "{schema} never ends");
            let allowed = allowed(constraint.as_mut(), tokenizer.as_ref());
            let closes = |token: &TokenId| [b'}', b']'].map(u32::from).contains(token);
            let adds = |token: &TokenId| *token == u32::from(b',');
            let stops = |token: &TokenId| tokenizer.stop_tokens().contains(token);
            let further =
                allowed.iter().find(|token| !closes(token) && !adds(token) && !stops(token));
            let Some(&token) = further.or_else(|| allowed.iter().find(|token| closes(token)))
            else {
                break;
            };
            constraint.accept(token);
            depth += match tokenizer.token_bytes(token) {
                [b'{' | b'['] => 1,
                [b'}' | b']'] => -1,
                _ => 0,
            };
            most = most.max(depth);
        }
        assert_eq!((depth, most), (0, deepest), "{schema}");
    }
}

#[test]
fn control_tokens_and_white_space_are_never_babbled() {
    let (model, tokenizer) = Pieces::new(true).model(None);
    let mut any = constraint(&model, &json!({"type": "object"})).unwrap();
    let first = allowed(any.as_mut(), tokenizer.as_ref());
    assert!(first.iter().all(|token| tokenizer.token_bytes(*token).first() == Some(&b'{')));
    any.accept(u32::from(b'{'));
    let next = allowed(any.as_mut(), tokenizer.as_ref());
    assert!(
        next.iter().all(|token| matches!(tokenizer.token_bytes(*token).first(), Some(b'"' | b'}')))
    );
}

#[test]
fn roll_back_undoes_what_was_accepted() {
    let (model, tokenizer) = Pieces::new(true).model(None);
    for schema in accepted().iter().take(40) {
        let mut constraint = constraint(&model, schema).unwrap();
        let start = allowed(constraint.as_mut(), tokenizer.as_ref());
        let said = say(constraint.as_mut(), tokenizer.as_ref(), (5, 30, false));
        let count = said.tokens.len();
        let mut now = count;
        for kept in [count / 2, count / 3, 0] {
            constraint.roll_back(now - kept);
            now = kept;
            let mut again = crate::keywords::constraint(&model, schema).unwrap();
            said.tokens[..kept].iter().for_each(|token| again.accept(*token));
            let fresh = allowed(again.as_mut(), tokenizer.as_ref());
            assert_eq!(allowed(constraint.as_mut(), tokenizer.as_ref()), fresh, "{schema}");
        }
        assert_eq!(allowed(constraint.as_mut(), tokenizer.as_ref()), start);
    }
}

#[test]
fn forced_tokens_are_those_of_the_masks_and_cut_as_the_model_cuts() {
    let (model, tokenizer) = Pieces::new(true).model(None);
    for schema in accepted() {
        for seed in 0..3 {
            let run = |force| {
                let mut constraint = constraint(&model, &schema).unwrap();
                say(constraint.as_mut(), tokenizer.as_ref(), (seed, 200, force))
            };
            // The dice fall for forced tokens, too, so only what is settled can be compared.
            let said = run(true);
            let mut masked = constraint(&model, &schema).unwrap();
            for token in &said.tokens {
                assert!(allowed(masked.as_mut(), tokenizer.as_ref()).contains(token), "{schema}");
                masked.accept(*token);
            }
        }
    }
    let settled = json!({"type": "object", "properties": {"name": {"const": "abc"}, "n": {"enum": [10]}}, "required": ["name", "n"], "additionalProperties": false});
    let mut forced = constraint(&model, &settled).unwrap();
    let said = say(forced.as_mut(), tokenizer.as_ref(), (1, 100, true));
    let text = r#"{"name": "abc", "n": 10}"#;
    assert_eq!(String::from_utf8_lossy(&said.bytes), text);
    assert_eq!(said.tokens, tokenizer.encode(text));
    let mut masked = constraint(&model, &settled).unwrap();
    assert_eq!(say(masked.as_mut(), tokenizer.as_ref(), (2, 100, false)).tokens, said.tokens);
}

#[test]
fn a_tokenizer_with_a_space_before_every_text_is_constrained_without_forcing() {
    let (model, tokenizer) = Pieces::new(true).with_space_prefix().model(None);
    let settled = json!({"const": ["abc"]});
    let mut constraint = constraint(&model, &settled).unwrap();
    assert!(constraint.forced().is_empty());
    let said = say(constraint.as_mut(), tokenizer.as_ref(), (1, 100, true));
    assert_eq!((said.bytes.as_slice(), said.ended), (br#"["abc"]"#.as_slice(), true));
}
