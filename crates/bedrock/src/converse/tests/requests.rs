use serde_json::{Value, json};

use crate::canonical::{
    Block, Message, OutputSchema, Prompt, Reasoning, Request, Role, Sampling, ServiceTier,
    Thinking, Tool, ToolChoice, Turns,
};
use crate::converse::parse_request;
use crate::error::ErrorKind;

fn parse(body: &Value) -> Result<Request, String> {
    parse_request(body.to_string().as_bytes()).map_err(|error| error.message)
}

/// A body with one user message, and `more`.
fn hi(more: &Value) -> Value {
    let mut body = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn additional(fields: &Value) -> Value {
    hi(&json!({"additionalModelRequestFields": fields}))
}

fn weather_schema() -> Value {
    json!({"type": "object", "properties": {"city": {"type": "string"}}})
}

fn everything() -> Value {
    json!({
        "system": [{"text": "be brief"}, {"text": "be kind"}],
        "messages": [
            {"role": "user", "content": [{"text": "weather?"}]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
                {"text": "one moment"},
                {"toolUse": {"toolUseId": "t.1:a", "name": "get_weather", "input": {"city": "Bern"}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "t.1:a", "status": "error", "content": [
                    {"json": {"b": 1, "a": [2.5]}}, {"text": "cold"},
                ]}},
                {"text": "well?"},
            ]},
        ],
        "toolConfig": {
            "tools": [{"toolSpec": {
                "name": "get_weather", "description": "Weather now", "strict": true,
                "inputSchema": {"json": weather_schema()},
            }}],
            "toolChoice": {"tool": {"name": "get_weather"}},
        },
        "inferenceConfig": {
            "maxTokens": 100, "temperature": 0.5, "topP": 0.25, "stopSequences": ["END", "\n\n"],
        },
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {
            "name": "w", "description": "what", "schema": "{\"type\": \"null\"}",
        }}}},
        "additionalModelRequestFields": {
            "top_k": 40, "min_p": 0.125, "seed": 18_446_744_073_709_551_615_u64,
            "presence_penalty": -2, "frequency_penalty": 2, "repetition_penalty": 1.25,
            "logit_bias": {"7": -100, "0": 1.5}, "logprobs": true, "top_logprobs": 5, "explain": 4,
            "anthropic_beta": ["x"], "thinking": {"type": "disabled"},
        },
        "additionalModelResponseFieldPaths": ["/stop_sequence", "/a~0b/c~1d"],
        "requestMetadata": {"team a": "x@y", "k": ""},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"},
    })
}

#[test]
fn everything_at_once_is_read() {
    let message = |role, content| Message { role, content };
    let expected = Request {
        prompt: Prompt::Turns(Turns {
            system: vec!["be brief".into(), "be kind".into()],
            messages: vec![
                message(Role::User, vec![Block::Text("weather?".into())]),
                message(
                    Role::Assistant,
                    vec![
                        Block::Reasoning("hm".into()),
                        Block::Text("one moment".into()),
                        Block::ToolUse {
                            id: "t.1:a".into(),
                            name: "get_weather".into(),
                            input: json!({"city": "Bern"}),
                        },
                    ],
                ),
                message(
                    Role::User,
                    vec![
                        Block::ToolResult {
                            id: "t.1:a".into(),
                            text: "{\"b\":1,\"a\":[2.5]}\ncold".into(),
                            is_error: true,
                        },
                        Block::Text("well?".into()),
                    ],
                ),
            ],
        }),
        tools: vec![Tool {
            name: "get_weather".into(),
            description: Some("Weather now".into()),
            input_schema: weather_schema(),
            strict: true,
        }],
        output_format: Some(OutputSchema {
            name: Some("w".into()),
            schema: json!({"type": "null"}),
        }),
        tool_choice: ToolChoice::Named("get_weather".into()),
        one_call: false,
        sampling: Sampling {
            temperature: Some(0.5),
            top_p: Some(0.25),
            top_k: Some(40),
            min_p: Some(0.125),
            seed: Some(u64::MAX),
            presence_penalty: Some(-2.0),
            frequency_penalty: Some(2.0),
            repetition_penalty: Some(1.25),
            logit_bias: vec![(7, -100.0), (0, 1.5)],
            logprobs: Some(5),
            explain: Some(4),
        },
        max_tokens: Some(100),
        stop_sequences: vec!["END".into(), "\n\n".into()],
        reasoning: Reasoning { thinking: Thinking::Off, effort: None, named: "thinking" },
        choices: 1,
        response_fields: vec!["/stop_sequence".into(), "/a~0b/c~1d".into()],
        service_tier: ServiceTier::Flex,
        request_metadata: vec![("team a".into(), "x@y".into()), ("k".into(), String::new())],
        ignored: vec!["anthropic_beta".into(), "performanceConfig.latency".into()],
        mended: Vec::new(),
    };
    assert_eq!(parse(&everything()), Ok(expected));
}

#[test]
fn what_clients_send_empty_is_absent() {
    let bare = parse(&hi(&json!({}))).unwrap();
    let empties = hi(&json!({
        "system": [], "inferenceConfig": {}, "additionalModelRequestFields": {},
        "additionalModelResponseFieldPaths": [], "performanceConfig": {}, "toolConfig": null,
        "guardrailConfig": null, "outputConfig": {},
    }));
    assert_eq!(parse(&empties), Ok(bare.clone()));
    assert_eq!(bare.sampling, Sampling::default());
    assert_eq!((bare.max_tokens, bare.choices, bare.tool_choice), (None, 1, ToolChoice::Auto));
}

#[test]
fn top_k_has_three_places_and_they_must_agree() {
    let places = [
        json!({"additionalModelRequestFields": {"top_k": 7}}),
        json!({"additionalModelRequestFields": {"topK": 7}}),
        json!({"additionalModelRequestFields": {"inferenceConfig": {"topK": 7}}}),
        json!({"inferenceConfig": {"topK": 7}}),
        json!({"inferenceConfig": {"topK": 7}, "additionalModelRequestFields": {"top_k": 7}}),
    ];
    for place in places {
        assert_eq!(parse(&hi(&place)).unwrap().sampling.top_k, Some(7), "{place}");
    }
    let disagree =
        hi(&json!({"inferenceConfig": {"topK": 7}, "additionalModelRequestFields": {"top_k": 8}}));
    assert_eq!(
        parse(&disagree).unwrap_err(),
        "inferenceConfig.topK: top_k stands in two places, 8 in the other"
    );
}

#[test]
fn native_names_of_inference_config_are_merged_but_never_twice() {
    let fields =
        json!({"temperature": 1.5, "top_p": 0.5, "max_tokens": 9, "stop_sequences": ["x"]});
    let request = parse(&additional(&fields)).unwrap();
    assert_eq!(request.sampling.temperature, Some(1.5));
    assert_eq!(request.sampling.top_p, Some(0.5));
    assert_eq!((request.max_tokens, &request.stop_sequences[..]), (Some(9), &["x".to_owned()][..]));
    let twice = [
        ("temperature", json!({"temperature": 0.5})),
        ("top_p", json!({"topP": 0.5})),
        ("max_tokens", json!({"maxTokens": 9})),
        ("stop_sequences", json!({"stopSequences": ["y"]})),
    ];
    for (name, config) in twice {
        let mut body = additional(&fields);
        body["inferenceConfig"] = config;
        assert_eq!(
            parse(&body).unwrap_err(),
            format!("The additional field {name} conflicts with an existing field.")
        );
    }
}

#[test]
fn log_probabilities_are_asked_for_in_either_form() {
    let cases = [
        (json!({"logprobs": true}), Some(0)),
        (json!({"logprobs": false}), None),
        (json!({"logprobs": 3}), Some(3)),
        (json!({"logprobs": 0}), Some(0)),
        (json!({"logprobs": true, "top_logprobs": 20}), Some(20)),
        (json!({"logprobs": 2, "top_logprobs": 2}), Some(2)),
    ];
    for (fields, expected) in cases {
        assert_eq!(parse(&additional(&fields)).unwrap().sampling.logprobs, expected, "{fields}");
    }
    for fields in [
        json!({"top_logprobs": 2}),
        json!({"logprobs": false, "top_logprobs": 2}),
        json!({"logprobs": 1, "top_logprobs": 2}),
        json!({"logprobs": 21}),
        json!({"logprobs": true, "top_logprobs": 21}),
        json!({"logprobs": "yes"}),
    ] {
        let message = parse(&additional(&fields)).unwrap_err();
        assert!(message.contains("logprobs"), "{fields}: {message}");
    }
}

#[test]
fn options_out_of_bounds_are_refused_by_name() {
    let many = |count: usize| vec!["x"; count];
    let cases = [
        (json!({"inferenceConfig": {"temperature": 1.01}}), "'inferenceConfig.temperature'"),
        (json!({"inferenceConfig": {"topP": -0.1}}), "'inferenceConfig.topP'"),
        (json!({"inferenceConfig": {"maxTokens": 0}}), "'inferenceConfig.maxTokens'"),
        (json!({"inferenceConfig": {"maxTokens": 5.5}}), "inferenceConfig.maxTokens: expected"),
        (
            json!({"inferenceConfig": {"maxTokens": 4_294_967_296_u64}}),
            "'inferenceConfig.maxTokens'",
        ),
        (json!({"inferenceConfig": {"stopSequences": [""]}}), "'inferenceConfig.stopSequences.0'"),
        (
            json!({"inferenceConfig": {"stopSequences": many(2501)}}),
            "'inferenceConfig.stopSequences'",
        ),
        (json!({"inferenceConfig": {"seed": 1}}), "#/inferenceConfig: extraneous key [seed]"),
        (json!({"inferenceConfig": []}), "inferenceConfig: expected an object, found a list"),
        (json!({"seed": 1}), "#: extraneous key [seed] is not permitted"),
        (json!({"additionalModelRequestFields": 1}), "additionalModelRequestFields: expected"),
        (json!({"additionalModelResponseFieldPaths": many(11)}), "FieldPaths' failed"),
        (json!({"additionalModelResponseFieldPaths": ["stop"]}), "FieldPaths.0: not a valid JSON"),
        (json!({"additionalModelResponseFieldPaths": ["/a~2"]}), "FieldPaths.0: not a valid JSON"),
        (json!({"additionalModelResponseFieldPaths": ["/a~"]}), "FieldPaths.0: not a valid JSON"),
        (json!({"additionalModelResponseFieldPaths": [""]}), "FieldPaths.0' failed"),
        (json!({"additionalModelResponseFieldPaths": ["/".repeat(257)]}), "FieldPaths.0' failed"),
        (json!({"requestMetadata": {}}), "requestMetadata: 1 to 16 entries"),
        (json!({"requestMetadata": {"a": "ü"}}), "requestMetadata.a: only characters"),
        (json!({"requestMetadata": {"ü": "a"}}), "requestMetadata: keys must"),
        (json!({"requestMetadata": {"a": "x".repeat(257)}}), "'requestMetadata.a'"),
        (json!({"serviceTier": {"type": "gold"}}), "'serviceTier.type'"),
        (json!({"serviceTier": {}}), "'serviceTier.type'"),
        (json!({"performanceConfig": {"latency": "fast"}}), "'performanceConfig.latency'"),
        (json!({"outputConfig": {"textFormat": {}}}), "'outputConfig.textFormat.type'"),
        (
            json!({"outputConfig": {"textFormat": {"type": "grammar", "structure": {"jsonSchema": {}}}}}),
            "'outputConfig.textFormat.type'",
        ),
        (
            json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {}}}}),
            "outputConfig.textFormat.structure: exactly one of [jsonSchema]",
        ),
        (with_schema(&json!({"type": "object"})), "jsonSchema.schema: expected a string"),
        (with_schema(&json!("{")), "jsonSchema.schema: not valid JSON: "),
        (with_schema(&json!("[]")), "jsonSchema.schema: a JSON Schema is an object"),
        (with_schema(&json!(" ".repeat(100_001))), "jsonSchema.schema'"),
        (json!({"outputConfig": {"effort": "tiny"}}), "'outputConfig.effort'"),
        (json!({"guardrailConfig": {"guardrailIdentifier": "g"}}), "guardrailConfig: guardrails"),
        (json!({"promptVariables": {"a": {"text": "b"}}}), "promptVariables: "),
    ];
    for (more, expected) in cases {
        let message = parse(&hi(&more)).unwrap_err();
        assert!(message.contains(expected), "{more}: {message}");
    }
    let mut pairs = serde_json::Map::new();
    pairs.extend((0..17).map(|n| (n.to_string(), json!("x"))));
    assert!(parse(&hi(&json!({"requestMetadata": pairs}))).unwrap_err().contains("found 17"));
}

#[test]
fn additional_fields_out_of_bounds_are_refused_by_name() {
    let root = "additionalModelRequestFields";
    let biases: serde_json::Map<String, Value> =
        (0..1025).map(|id: u32| (id.to_string(), json!(1))).collect();
    let cases = [
        (json!({"top_k": -1}), "top_k'"),
        (json!({"top_k": 1_000_001}), "top_k'"),
        (json!({"inferenceConfig": {"topK": 1, "maxTokens": 1}}), "extraneous key [maxTokens]"),
        (json!({"min_p": 1.5}), "min_p'"),
        (json!({"seed": -1}), "seed'"),
        (json!({"seed": 1.5}), "seed: expected an integer"),
        (json!({"presence_penalty": 2.5}), "presence_penalty'"),
        (json!({"frequency_penalty": -2.5}), "frequency_penalty'"),
        (json!({"repetition_penalty": 0}), "repetition_penalty'"),
        (json!({"explain": 0}), "explain'"),
        (json!({"explain": 21}), "explain'"),
        (json!({"logit_bias": {"x": 1}}), "logit_bias: keys must be token ids"),
        (json!({"logit_bias": {"07": 1}}), "logit_bias: keys must be token ids"),
        (json!({"logit_bias": {"+7": 1}}), "logit_bias: keys must be token ids"),
        (json!({"logit_bias": {"4294967296": 1}}), "logit_bias: keys must be token ids"),
        (json!({"logit_bias": {"7": 101}}), "logit_bias.7'"),
        (json!({"logit_bias": [1]}), "logit_bias: expected an object"),
        (json!({"logit_bias": biases}), "logit_bias: at most 1024 entries"),
        (json!({"temperature": 2.5}), "temperature'"),
        (json!({"n": 2}), "n: Converse gives one answer"),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 9}}), "thinking.budget_tokens'"),
        (json!({"thinking": {"type": "enabled"}}), "thinking.budget_tokens'"),
        (json!({"thinking": {"type": "perhaps"}}), "thinking.type'"),
        (json!({"thinking": {"type": "disabled", "x": 9}}), "extraneous key [x]"),
        (json!({"reasoning_effort": "tiny"}), "reasoning_effort'"),
        (json!({"reasoningConfig": {"type": "disabled", "maxReasoningEffort": "low"}}), "needs"),
    ];
    for (fields, expected) in cases {
        let message = parse(&additional(&fields)).unwrap_err();
        assert!(message.contains(expected), "{fields}: {message}");
        assert!(message.contains(root), "{fields}: {message}");
    }
}

fn refused(messages: &Value) -> String {
    parse(&json!({"messages": messages})).unwrap_err()
}

fn user(content: &Value) -> Value {
    json!({"role": "user", "content": content})
}

#[test]
fn conversations_obey_bedrocks_rules_with_its_messages() {
    let hi = user(&json!([{"text": "hi"}]));
    let assistant = json!({"role": "assistant", "content": [{"text": "yes"}]});
    let start = "A conversation must start with a user message. Try again with a conversation \
                 that starts with a user message.";
    let alternate = "A conversation must alternate between user and assistant roles. Make sure \
                     the conversation alternates between user and assistant roles and try again.";
    let blank = |place: &str| {
        format!(
            "The text field in the ContentBlock object at {place} is blank. Add text to the text \
             field, and try again."
        )
    };
    assert_eq!(refused(&json!([])), start);
    assert_eq!(refused(&json!([assistant, hi])), start);
    assert_eq!(refused(&json!([hi, hi])), alternate);
    assert_eq!(refused(&json!([hi, assistant, assistant])), alternate);
    assert_eq!(
        refused(&json!([hi, assistant, user(&json!([{"text": "a"}, {"text": " \n\t"}]))])),
        blank("messages.2.content.1")
    );
    assert_eq!(refused(&json!([user(&json!([{"text": ""}]))])), blank("messages.0.content.0"));
    assert_eq!(
        refused(&json!([hi, {"role": "assistant", "content": []}])),
        "The content field in the Message object at messages.1 is empty. Add a ContentBlock \
         object to the content field and try again."
    );
    assert_eq!(
        refused(&json!([{"role": "system", "content": [{"text": "a"}]}])),
        "messages.0.role: the role system is not supported in messages; use the system field"
    );
    assert!(refused(&json!([{"role": "tool", "content": []}])).contains("'messages.0.role'"));
    assert!(refused(&json!([{"content": []}])).contains("Value null at 'messages.0.role'"));
    assert!(refused(&json!("hi")).contains("messages: expected a list, found a string"));
    assert_eq!(
        refused(&json!([user(&json!([{"text": 5}]))])),
        "messages.0.content.0.text: expected a string, found an integer"
    );
    assert!(refused(&json!([user(&json!("hi"))])).contains("messages.0.content: expected a list"));
    assert!(parse(&json!({})).unwrap_err().contains("Value null at 'messages'"));
    let system = json!({"messages": [hi], "system": [{"text": " "}]});
    assert!(parse(&system).unwrap_err().contains("SystemContentBlock object at system.0 is blank"));
}

#[test]
fn blocks_that_are_not_served_are_refused_by_kind_and_place() {
    let kinds = [
        "image",
        "video",
        "audio",
        "guardContent",
        "citationsContent",
        "searchResult",
        "toolAddition",
        "toolRemoval",
    ];
    for kind in kinds {
        let message = refused(&json!([user(&json!([{"text": "a"}, {kind: {}}]))]));
        assert_eq!(
            message,
            format!(
                "messages.0.content.1.{kind}: this model doesn't support the {kind} content \
                 block. Use a text block and try again."
            )
        );
    }
    for kind in ["image", "video", "searchResult"] {
        let result = json!({"toolUseId": "t", "content": [{kind: {}}]});
        let message = refused(&json!([user(&json!([{"toolResult": result}]))]));
        assert!(
            message.starts_with(&format!("messages.0.content.0.toolResult.content.0.{kind}: ")),
            "{message}"
        );
    }
    let both = refused(&json!([user(&json!([{"text": "a", "image": {}}]))]));
    assert!(both.contains("messages.0.content.0: exactly one of ["), "{both}");
    assert!(both.ends_with("found [text, image]"), "{both}");
    let unknown = refused(&json!([user(&json!([{"txt": "a"}]))]));
    assert!(unknown.contains("#/messages/0/content/0: extraneous key [txt]"), "{unknown}");
}

#[test]
fn explicit_cache_points_are_refused_as_on_models_without_them() {
    let point = json!({"cachePoint": {"type": "default"}});
    let tool = json!({"toolSpec": {"name": "f", "inputSchema": {"json": {}}}});
    let bodies = [
        json!({"messages": [user(&json!([{"text": "a"}, point]))]}),
        hi(&json!({"system": [{"text": "a"}, point]})),
        hi(&json!({"toolConfig": {"tools": [tool, point]}})),
    ];
    for body in bodies {
        let error = parse_request(body.to_string().as_bytes()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::AccessDenied, "{body}");
        assert_eq!(
            error.message,
            "You invoked an unsupported model or your request did not allow prompt caching."
        );
    }
}

fn call(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "f", "input": {}}})
}

fn result(id: &str) -> Value {
    json!({"toolResult": {"toolUseId": id, "content": [{"text": ""}]}})
}

#[test]
fn calls_and_results_pair_up() {
    let tools = json!({"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}]});
    let talk = |calls: &[Value], results: &[Value]| {
        parse(&json!({"toolConfig": tools, "messages": [
            user(&json!([{"text": "hi"}])), {"role": "assistant", "content": calls}, user(&results.into()),
        ]}))
    };
    assert!(
        talk(&[call("a"), call("b")], &[result("b"), result("a"), json!({"text": "so?"})]).is_ok()
    );
    assert_eq!(
        talk(&[call("a"), call("b"), call("c")], &[result("b")]).unwrap_err(),
        "Expected toolResult blocks at messages.2.content for the following Ids: a, c"
    );
    assert_eq!(
        talk(&[call("a")], &[json!({"text": "hi"})]).unwrap_err(),
        "Expected toolResult blocks at messages.2.content for the following Ids: a"
    );
    assert_eq!(
        talk(&[call("a")], &[result("x")]).unwrap_err(),
        "Expected toolResult blocks at messages.2.content for the following Ids: a"
    );
    assert_eq!(
        talk(&[call("a")], &[result("a"), result("b")]).unwrap_err(),
        "The number of toolResult blocks at messages.2.content exceeds the number of toolUse \
         blocks of previous turn."
    );
    assert!(
        talk(&[call("a"), call("a")], &[result("a"), result("a")]).unwrap_err().contains("unique")
    );
    assert!(
        talk(&[call("b"), call("b")], &[result("a"), result("b")]).unwrap_err().contains("unique")
    );
    let open = json!({"toolConfig": tools, "messages": [
        user(&json!([{"text": "hi"}])), {"role": "assistant", "content": [call("a")]},
    ]});
    assert_eq!(
        parse(&open).unwrap_err(),
        "Expected toolResult blocks at messages.2.content for the following Ids: a"
    );
    let first = json!({"toolConfig": tools, "messages": [user(&json!([result("a")]))]});
    assert!(parse(&first).unwrap_err().contains("messages.0.content exceeds the number"));
    assert_eq!(
        refused(&json!([
            user(&json!([{"text": "hi"}])), {"role": "assistant", "content": [call("a")]},
            user(&json!([result("a")])),
        ])),
        "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    );
}

#[test]
fn tool_blocks_are_checked() {
    let assistant = |block: Value| json!([user(&json!([{"text": "hi"}])), {"role": "assistant", "content": [block]}]);
    let tool_use = |id: &str, name: &str, input: Value| {
        assistant(json!({"toolUse": {"toolUseId": id, "name": name, "input": input}}))
    };
    assert!(
        refused(&tool_use("a b", "f", json!({})))
            .contains("'messages.1.content.0.toolUse.toolUseId'")
    );
    assert!(refused(&tool_use(&"a".repeat(65), "f", json!({}))).contains("toolUseId'"));
    assert!(
        refused(&tool_use("a", "f g", json!({}))).contains("'messages.1.content.0.toolUse.name'")
    );
    assert_eq!(
        refused(&tool_use("a", "f", json!([1]))),
        "The format of the value at messages.1.content.0.toolUse.input is invalid. Provide a json \
         object for the field and try again."
    );
    let list = json!([user(
        &json!([{"toolResult": {"toolUseId": "a", "content": [{"text": "x"}, {"json": [1]}]}}])
    )]);
    assert_eq!(
        refused(&list),
        "The format of the value at messages.0.content.0.toolResult.content.1.json is invalid. \
         Provide a json object for the field and try again."
    );
    let in_user = json!([user(&json!([call("a")]))]);
    assert!(refused(&in_user).contains("messages.0.content.0.toolUse: toolUse blocks belong in"));
    assert!(refused(&assistant(result("a"))).contains("toolResult blocks belong in user"));
    let server =
        json!({"toolUse": {"toolUseId": "a", "name": "f", "input": {}, "type": "server_tool_use"}});
    assert!(refused(&assistant(server)).contains("toolUse.type: server tools"));
    let redacted = assistant(json!({"reasoningContent": {"redactedContent": "AA=="}}));
    assert!(refused(&redacted).contains("reasoningContent.redactedContent: redacted"));
}

#[test]
fn tool_configurations_are_checked() {
    let spec = |name: &str| json!({"toolSpec": {"name": name, "inputSchema": {"json": {}}}});
    let config = |config: Value| parse(&hi(&json!({"toolConfig": config})));
    let cases = [
        (json!({}), "'toolConfig.tools'"),
        (json!({"tools": []}), "'toolConfig.tools' failed"),
        (json!({"tools": [spec("a b")]}), "'toolConfig.tools.0.toolSpec.name'"),
        (json!({"tools": [spec("a"), spec("a")]}), "toolConfig: the tool name a is defined more"),
        (json!({"tools": [{"systemTool": {"name": "x"}}]}), "tools.0.systemTool: system tools"),
        (json!({"tools": [{"toolSpec": {"name": "a"}}]}), "toolSpec.inputSchema'"),
        (
            json!({"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": "{}"}}}]}),
            "inputSchema.json: expected an object, found a string",
        ),
        (
            json!({"tools": [{"toolSpec": {"name": "a", "description": "", "inputSchema": {"json": {}}}}]}),
            "toolSpec.description'",
        ),
        (
            json!({"tools": [{"toolSpec": {"name": "a", "strict": 1, "inputSchema": {"json": {}}}}]}),
            "toolConfig.tools.0.toolSpec.strict: expected a boolean",
        ),
        (json!({"tools": [spec("a")], "toolChoice": {"tool": {"name": "b"}}}), "unknown tool b"),
        (json!({"tools": [spec("a")], "toolChoice": {"auto": {}, "any": {}}}), "exactly one of"),
        (json!({"tools": [spec("a")], "toolChoice": {"auto": {"x": 1}}}), "extraneous key [x]"),
    ];
    for (value, expected) in cases {
        let message = config(value.clone()).unwrap_err();
        assert!(message.contains(expected), "{value}: {message}");
    }
    let choice = |choice: Value| {
        config(json!({"tools": [spec("a")], "toolChoice": choice})).unwrap().tool_choice
    };
    assert_eq!(choice(json!({"any": {}})), ToolChoice::Any);
    assert_eq!(choice(json!({"auto": {}})), ToolChoice::Auto);
    assert_eq!(choice(json!({"tool": {"name": "a"}})), ToolChoice::Named("a".into()));
}

#[test]
fn every_documented_additional_field_is_known() {
    for key in crate::converse::ADDITIONAL_FIELDS.iter().chain(&crate::converse::IGNORED_FIELDS) {
        let message = parse(&additional(&json!({*key: {"": []}}))).err().unwrap_or_default();
        assert!(!message.contains(&format!("extraneous key [{key}]")), "{message}");
    }
    assert_eq!(ServiceTier::from_name("flex"), Some(ServiceTier::Flex));
    assert_eq!(ServiceTier::from_name("gold"), None);
    assert_eq!(ServiceTier::Reserved.as_str(), "reserved");
}

#[test]
fn a_schema_may_stand_in_claudes_own_place_but_not_in_two() {
    let schema = json!({"type": "object"});
    let format = json!({"type": "json_schema", "schema": schema});
    let mut body = additional(&json!({"output_config": {"format": format}}));
    let asked = parse(&body).unwrap().output_format;
    assert_eq!(asked, Some(OutputSchema { name: None, schema }));
    body["outputConfig"] = with_schema(&json!("{}"))["outputConfig"].clone();
    let message = parse(&body).unwrap_err();
    assert!(message.contains("output_config conflicts with an existing field"), "{message}");
}

fn with_schema(schema: &Value) -> Value {
    let structure = json!({"jsonSchema": {"schema": schema}});
    json!({"outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}}})
}
