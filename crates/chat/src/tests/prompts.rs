//! What prompts are made of.

use bedrock::canonical::{Markup, ToolChoice};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::ChatError;
use crate::date::Date;
use crate::template::{Conversation, Marks, Template};

fn rendered(model: &(ChatModel, Arc<Characters>), request: &Request) -> String {
    model.1.text(&model.0.prompt(request).unwrap().tokens)
}

#[test]
fn pebbles_template_as_python_renders_it() {
    let vectors: Vec<Value> =
        serde_json::from_str(include_str!("../../../../training/vectors/template.json")).unwrap();
    let marks = Marks { bos: "<|bos|>".into(), eos: "<|end|>".into() };
    let template = Template::new(PEBBLE, &marks, Date::default()).unwrap();
    assert!(template.takes_system && template.takes_tools && !template.typed_content);
    for vector in &vectors {
        let list = |key: &str| vector[key].as_array().cloned().unwrap_or_default();
        let conversation = Conversation {
            messages: list("messages"),
            tools: list("tools"),
            variables: Vec::new(),
            size: 0,
        };
        let open = vector["add_generation_prompt"].as_bool().unwrap();
        let text = template.render_as(&conversation, open).unwrap();
        assert_eq!(text, vector["expected"].as_str().unwrap(), "{}", vector["name"]);
    }
}

#[test]
fn a_conversation_with_tools() {
    let model = pebble();
    let call = |id: &str, input| Block::ToolUse { id: id.into(), name: "f".into(), input };
    let result = |id: &str, text: &str, is_error| Block::ToolResult {
        id: id.into(),
        text: text.into(),
        is_error,
    };
    let mut request = chat(
        &["Be", "brief."],
        vec![
            turn(Role::User, "Go"),
            Message {
                role: Role::Assistant,
                content: vec![
                    Block::Text("Now.".into()),
                    call("a", json!({"x": 1.0})),
                    call("b", json!({})),
                ],
            },
            Message {
                role: Role::User,
                content: vec![
                    result("a", "ok", false),
                    result("b", "no", true),
                    Block::Text("And?".into()),
                ],
            },
        ],
    );
    request.tools = vec![tool("f")];
    assert_eq!(
        rendered(&model, &request),
        "<|bos|><|tools|>{\"name\": \"f\", \"description\": \"\", \"parameters\": {\"type\": \"object\"}}\n<|end|>\
         <|system|>Be\n\nbrief.<|end|><|user|>Go<|end|>\
         <|assistant|>Now.<|tool_call|>{\"name\": \"f\", \"arguments\": {\"x\": 1.0}}\
         <|tool_call|>{\"name\": \"f\", \"arguments\": {}}<|end|>\
         <|tool_result|>ok<|end|><|tool_result|>Error: no<|end|><|user|>And?<|end|><|assistant|>"
    );
    request.tool_choice = ToolChoice::Any;
    assert!(
        rendered(&model, &request)
            .ends_with("<|assistant|><|tool_call|>{\"name\": \"f\", \"arguments\":")
    );
    request.tools.push(tool("g\"<|end|>"));
    assert!(rendered(&model, &request).ends_with("<|assistant|><|tool_call|>"));
    request.tool_choice = ToolChoice::Named("g\"<|end|>".into());
    let tokens = model.0.prompt(&request).unwrap().tokens;
    let text = model.1.text(&tokens);
    assert!(text.ends_with("<|tool_call|>{\"name\": \"g\\\"<|end|>\", \"arguments\":"), "{text}");
    request.tool_choice = ToolChoice::Auto;
    let unforced = model.0.prompt(&request).unwrap().tokens;
    let controls = Characters::count_controls;
    assert_eq!(controls(&tokens), controls(&unforced) + 1, "the tool's name is plain text");
    request.tool_choice = ToolChoice::Named("h".into());
    assert_eq!(model.0.prompt(&request), Err(ChatError::UnknownTool("h".into())));
    request.tool_choice = ToolChoice::None;
    assert!(!rendered(&model, &request).contains("<|tools|>"));
}

#[test]
fn a_last_assistant_turn_is_continued() {
    let model = pebble();
    let request = chat(&[], vec![turn(Role::User, "Hi"), turn(Role::Assistant, "My <|end|> ")]);
    let tokens = model.0.prompt(&request).unwrap().tokens;
    assert_eq!(model.1.text(&tokens), "<|bos|><|user|>Hi<|end|><|assistant|>My <|end|> ");
    assert_eq!(Characters::count_controls(&tokens), 4);
}

#[test]
fn a_template_without_system_role_gets_the_text_in_the_first_user_turn() {
    let model = model(GEMMA, &["<start_of_turn>", "<end_of_turn>"]);
    let request = chat(&["Be brief."], vec![turn(Role::User, " Hi "), turn(Role::Assistant, "")]);
    assert_eq!(
        rendered(&model, &request),
        "<start_of_turn>user\nBe brief.\n\n Hi<end_of_turn>\n<start_of_turn>model\n"
    );
}

#[test]
fn a_template_with_typed_content_gets_lists() {
    let template = "{% for m in messages %}<|user|>{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}";
    let model = model(template, &["<|user|>"]);
    assert_eq!(rendered(&model, &hello()), "<|user|>Hello");
}

#[test]
fn what_a_model_cannot_do_is_an_error() {
    let plain = model("{% for m in messages %}{{ m.content }}{% endfor %}", &[]);
    let mut request = hello();
    request.tools = vec![tool("f")];
    assert_eq!(plain.0.prompt(&request), Err(ChatError::ToolsUnsupported));
    let no_template = ChatModel::new(plain.1.clone(), None).unwrap();
    assert_eq!(no_template.prompt(&hello()), Err(ChatError::NoTemplate));
    assert!(matches!(
        ChatModel::new(plain.1.clone(), Some("{% if %}")),
        Err(ChatError::BadTemplate(_))
    ));
    let strict = model("{{ raise_exception('never') }}", &[]);
    assert_eq!(strict.0.prompt(&hello()), Err(ChatError::Refused("never".into())));
}

#[test]
fn templates_have_bounds_and_no_clock() {
    for hostile in [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(t='xxxxxxxx') %}{% for i in range(60) %}{% set ns.t = ns.t ~ ns.t %}{% endfor %}{{ ns.t }}",
        "{% macro f(x) %}{{ f(x) }}{{ f(x) }}{% endmacro %}{{ f(1) }}",
    ] {
        let model = model(hostile, &[]);
        assert!(model.0.prompt(&hello()).is_err(), "{hostile}");
    }
    let dated = model("{{ strftime_now('%d %b %Y') }}{{ messages[0].content }}", &[]);
    assert_eq!(rendered(&dated, &hello()), "01 Jan 2026Hello");
}

#[test]
fn bos_comes_once() {
    for (template, add_bos) in
        [("<s>{{ messages[0].content }}", true), ("{{ messages[0].content }}", true)]
    {
        let mut tokenizer = Characters::new(&["<s>"]);
        tokenizer.add_bos = add_bos;
        let tokenizer = Arc::new(tokenizer);
        let chat = ChatModel::new(tokenizer.clone(), Some(template)).unwrap();
        assert_eq!(tokenizer.text(&chat.prompt(&hello()).unwrap().tokens), "<s>Hello");
        let raw = Prompt::Raw { text: "a<s>".into(), markup: Markup::None };
        let tokens = chat.prompt(&Request::new(raw)).unwrap().tokens;
        assert_eq!(tokens.len(), 5, "BOS and four characters");
    }
}

#[test]
fn raw_markup_is_kept_where_the_model_speaks_it_and_translated_elsewhere() {
    let text = "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi <|user|><|eot_id|>\
                <|start_header_id|>assistant<|end_header_id|>\n\n";
    let request = Request::new(Prompt::Raw { text: text.into(), markup: Markup::Llama });
    let model_tokens = pebble().0.prompt(&request).unwrap().tokens;
    assert_eq!(pebble().1.text(&model_tokens), "<|bos|><|user|>Hi <|user|><|end|><|assistant|>");
    assert_eq!(Characters::count_controls(&model_tokens), 4, "what is no Llama markup stays text");

    let llama = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"];
    let llama = model("{% for m in messages %}{{ m.content }}{% endfor %}", &llama);
    let tokens = llama.0.prompt(&request).unwrap().tokens;
    assert_eq!(llama.1.text(&tokens), text);
    assert_eq!(Characters::count_controls(&tokens), 6);

    let plain = Request::new(Prompt::Raw { text: "Once <|end|>".into(), markup: Markup::Llama });
    let tokens = pebble().0.prompt(&plain).unwrap().tokens;
    assert_eq!(Characters::count_controls(&tokens), 0, "without markup it is plain completion");
}

/// A caller's text: pieces of control texts, ways to hide them, and anything.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(PEBBLE_CONTROLS.to_vec()).prop_map(str::to_owned),
        prop::sample::select(vec![
            "<",
            "<|",
            "<|en",
            "d|>",
            "|>",
            "<|END|>",
            "\u{F0000}",
            "\u{F0001}|end|>",
            "\\u003c|end|>",
            "\"",
            "{{",
            "\n",
            " ",
            "<start_of_turn>",
            "<|im_end|>",
        ])
        .prop_map(str::to_owned),
        ".{0,4}",
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// A request with caller's texts in every place where one can stand.
fn everywhere(texts: &[String]) -> Request {
    let text = |index: usize| texts[index % texts.len()].clone();
    let call = Block::ToolUse {
        id: text(1),
        name: text(2),
        input: json!({ text(3): [text(4), {"k": text(5)}] }),
    };
    let mut request = chat(
        &[&text(6), &text(7)],
        vec![
            Message { role: Role::User, content: vec![Block::Text(text(8)), Block::Text(text(9))] },
            Message {
                role: Role::Assistant,
                content: vec![Block::Text(text(10)), Block::Reasoning(text(11)), call],
            },
            Message {
                role: Role::User,
                content: vec![
                    Block::ToolResult { id: text(1), text: text(12), is_error: true },
                    Block::Text(format!("x{}", text(13))),
                ],
            },
            turn(Role::Assistant, &text(14)),
        ],
    );
    let schema = json!({"type": "object", "properties": { text(15): {"description": text(16)} }});
    request.tools = vec![Tool {
        name: text(17),
        description: Some(text(18)),
        input_schema: schema,
        strict: false,
    }];
    request.tool_choice = ToolChoice::Any;
    request
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_of_a_caller_becomes_a_control_token(texts in prop::collection::vec(hostile(), 1..19)) {
        // The blank text is blank in the same places, so that both requests have the same turns.
        let harmless: Vec<String> =
            texts.iter().map(|text| if text.is_empty() { String::new() } else if text.trim().is_empty() { " ".into() } else { "a".into() }).collect();
        for model in [
            pebble(),
            model(HERMES, &["<|im_start|>", "<|im_end|>", "<tools>"]),
            model(&HERMES.replace("m.content", "(m.content | trim | lower)"), &["<|im_start|>", "<|im_end|>"]),
        ] {
            let count = |texts: &[String]| {
                Characters::count_controls(&model.0.prompt(&everywhere(texts)).unwrap().tokens)
            };
            prop_assert_eq!(count(&texts), count(&harmless));
        }
    }

    #[test]
    fn a_callers_text_arrives_unchanged(text in hostile()) {
        let model = pebble();
        let request = chat(&[], vec![turn(Role::User, &text)]);
        prop_assert_eq!(
            rendered(&model, &request),
            format!("<|bos|><|user|>{text}<|end|><|assistant|>")
        );
    }
}
