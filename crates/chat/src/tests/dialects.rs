//! Laws of every dialect: what a template renders of a call is read back, however it is cut, and nothing else is.

use bedrock::canonical::{StopReason, ToolChoice};
use engine::{FinishReason, TokenId, Tokenizer};
use proptest::prelude::*;
use serde_json::Value;

use super::decoding::{answer_of, blocks, decode, pair, reason};
use super::*;

/// A dialect's template, its control tokens, and two calls as a model writes them.
pub(super) struct Case {
    name: &'static str,
    template: &'static str,
    controls: &'static [&'static str],
    /// Calls of `f` with `{"city": "Zürich", "n": 3}` and of `g` with nothing; a text before them where there can be one.
    calls: &'static str,
    says: bool,
}

pub(super) const LLAMA: &str = include_str!("../../tests/templates/llama.jinja");
pub(super) const MISTRAL_LIST: &str = include_str!("../../tests/templates/mistral_list.jinja");
pub(super) const MISTRAL_ARGS: &str = include_str!("../../tests/templates/mistral_args.jinja");
pub(super) const HARMONY: &str = include_str!("../../tests/templates/harmony.jinja");
pub(super) const QWEN_CODER: &str = include_str!("../../tests/templates/qwen_coder.jinja");
pub(super) const QWEN3: &str = include_str!("../../tests/templates/qwen3.jinja");

pub(super) const LLAMA_CONTROLS: [&str; 5] = [
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|python_tag|>",
];
pub(super) const MISTRAL_CONTROLS: [&str; 15] = [
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_CALLS]",
    "[ARGS]",
    "[CALL_ID]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[THINK]",
    "[/THINK]",
];
pub(super) const HARMONY_CONTROLS: [&str; 7] = crate::dialects::HARMONY_MARKS;
pub(super) const CHATML_CONTROLS: [&str; 2] = ["<|im_start|>", "<|im_end|>"];

pub(super) const CASES: [Case; 8] = [
    Case {
        name: "pebble",
        template: PEBBLE,
        controls: &PEBBLE_CONTROLS,
        calls: "Hm.<|tool_call|>{\"name\": \"f\", \"arguments\": {\"city\": \"Zürich\", \"n\": 3}}\
                <|tool_call|>{\"name\": \"g\", \"arguments\": {}}",
        says: true,
    },
    Case {
        name: "llama",
        template: LLAMA,
        controls: &LLAMA_CONTROLS,
        calls: "{\"name\": \"f\", \"parameters\": {\"city\": \"Zürich\", \"n\": 3}}; \
                {\"type\": \"function\", \"name\": \"g\", \"parameters\": {}}",
        says: false,
    },
    Case {
        name: "llama",
        template: LLAMA,
        controls: &LLAMA_CONTROLS,
        calls: "<|python_tag|>{\"name\": \"f\", \"parameters\": {\"city\": \"Zürich\", \"n\": 3}}\n\
                {\"name\": \"g\", \"parameters\": {}}",
        says: false,
    },
    Case {
        name: "mistral list",
        template: MISTRAL_LIST,
        controls: &MISTRAL_CONTROLS,
        calls: "Hm.[TOOL_CALLS] [{\"name\": \"f\", \"arguments\": {\"city\": \"Zürich\", \"n\": 3}, \"id\": \"abcdefGH1\"}, \
                {\"name\": \"g\", \"arguments\": {}}]",
        says: true,
    },
    Case {
        name: "mistral args",
        template: MISTRAL_ARGS,
        controls: &MISTRAL_CONTROLS,
        calls: "Hm.[TOOL_CALLS]f[CALL_ID]abcdefGH1[ARGS]{\"city\": \"Zürich\", \"n\": 3}[TOOL_CALLS]g[ARGS]{}",
        says: true,
    },
    Case {
        name: "harmony",
        template: HARMONY,
        controls: &HARMONY_CONTROLS,
        calls: "<|channel|>commentary<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.f \
                <|constrain|>json<|message|>{\"city\": \"Zürich\", \"n\": 3}<|call|><|start|>assistant to=functions.g\
                <|channel|>commentary json<|message|>{}",
        says: true,
    },
    Case {
        name: "qwen coder",
        template: QWEN_CODER,
        controls: &CHATML_CONTROLS,
        calls: "Hm.<tool_call>\n<function=f>\n<parameter=city>\nZürich\n</parameter>\n<parameter=n>\n3\n</parameter>\n\
                </function>\n</tool_call>\n<tool_call>\n<function=g>\n</function>\n</tool_call>",
        says: true,
    },
    Case {
        name: "hermes",
        template: QWEN3,
        controls: &CHATML_CONTROLS,
        calls: "Hm.<tool_call>\n{\"name\": \"f\", \"arguments\": {\"city\": \"Zürich\", \"n\": 3}}\n</tool_call>\n\
                <tool_call>\n{\"name\": \"g\", \"arguments\": {}}\n</tool_call>",
        says: true,
    },
];

impl Case {
    pub(super) fn model(&self) -> (ChatModel, Arc<Characters>) {
        let mut tokenizer = Characters::new(self.controls);
        tokenizer.stops = tokenizer.control("</s>").into_iter().collect();
        let tokenizer = Arc::new(tokenizer);
        (ChatModel::new(tokenizer.clone(), Some(self.template)).unwrap(), tokenizer)
    }
}

/// A request that offers `f` and `g`.
pub(super) fn offering() -> Request {
    let mut request = hello();
    let schema = json!({"type": "object", "properties": {
        "city": {"type": "string"}, "n": {"type": "integer"}, "list": {"type": "array"},
        "object": {"type": "object"}, "yes": {"type": "boolean"}, "none": {"type": "null"},
    }});
    request.tools =
        ["f", "g"].map(|name| Tool { input_schema: schema.clone(), ..tool(name) }).to_vec();
    request
}

#[test]
fn each_template_has_its_dialect() {
    for case in &CASES {
        let (chat, _) = case.model();
        assert_eq!(chat.dialect(), Some(case.name));
    }
    let (plain, _) = model(GEMMA, &[]);
    assert_eq!(plain.dialect(), None);
    let (unknown_tokens, _) = model(HARMONY, &[]);
    assert_eq!(unknown_tokens.dialect(), None, "harmony is made of control tokens");
}

#[test]
fn several_calls_in_a_turn() {
    for case in &CASES {
        let (events, answer) =
            decode(&case.model(), &offering(), case.calls, FinishReason::StopToken);
        let mut told = blocks(&answer);
        if case.says {
            assert_eq!(told.remove(0), pair("text", "Hm."), "{}", case.name);
        }
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(told.len(), 2, "{}: {told:?}", case.name);
        assert_eq!(told[0].0, "f");
        assert_eq!(json(&told[0].1), json!({"city": "Zürich", "n": 3}), "{}", case.name);
        assert_eq!(told[1], pair("g", "{}"));
        assert_eq!(reason(&answer), StopReason::ToolUse, "{}", case.name);
        let deltas =
            events.iter().filter(|event| matches!(event, bedrock::canonical::Event::Delta { .. }));
        assert!(deltas.count() > 3, "{}: arguments are told while they come", case.name);
    }
}

#[test]
fn an_answer_of_one_call_ends_with_it_however_the_model_goes_on() {
    let one = Request { one_call: true, ..offering() };
    for case in &CASES {
        let (_, answer) = decode(&case.model(), &one, case.calls, FinishReason::MaxTokens);
        let calls: Vec<_> =
            blocks(&answer).into_iter().filter(|(kind, _)| kind != "text").collect();
        assert_eq!(calls.len(), 1, "{}: {calls:?}", case.name);
        assert_eq!(calls[0].0, "f", "{}", case.name);
        assert_eq!(reason(&answer), StopReason::ToolUse, "{}", case.name);
    }
}

#[test]
fn a_forced_call_begins_in_the_prompt_and_is_read_on() {
    let llama = (
        "\n\n{\"name\": \"f\", \"parameters\":",
        "\n\n{\"name\":",
        " {}}",
        " \"g\", \"parameters\": {}}",
    );
    // What the prompt ends with, for a named tool and for any; and the answer to each.
    let expected = [
        (
            "<|tool_call|>{\"name\": \"f\", \"arguments\":",
            "<|tool_call|>",
            " {}}",
            "{\"name\": \"g\", \"arguments\": {}}",
        ),
        llama,
        llama,
        (
            "[TOOL_CALLS][{\"name\": \"f\", \"arguments\":",
            "[TOOL_CALLS]",
            " {}}]",
            "[{\"name\": \"g\", \"arguments\": {}}]",
        ),
        ("[TOOL_CALLS]f[ARGS]", "[TOOL_CALLS]", "{}", "g[ARGS]{}"),
        (
            "<|start|>assistant to=functions.f<|channel|>commentary json<|message|>",
            "<|start|>assistant to=functions.",
            "{}",
            "g<|channel|>commentary json<|message|>{}",
        ),
        (
            "<tool_call>\n<function=f>\n",
            "<tool_call>\n<function=",
            "</function>\n</tool_call>",
            "g>\n</function>\n</tool_call>",
        ),
        (
            "<tool_call>\n{\"name\": \"f\", \"arguments\":",
            "<tool_call>\n",
            " {}}\n</tool_call>",
            "{\"name\": \"g\", \"arguments\": {}}",
        ),
    ];
    for (case, (named, any, after_named, after_any)) in CASES.iter().zip(expected) {
        let model = case.model();
        let mut request = offering();
        let wishes = [
            (ToolChoice::Named("f".into()), named, after_named, "f"),
            (ToolChoice::Any, any, after_any, "g"),
        ];
        for (choice, end, after, called) in wishes {
            request.tool_choice = choice;
            let prompt = model.1.text(&model.0.prompt(&request).unwrap().tokens);
            assert!(prompt.ends_with(end), "{}: {prompt:?}", case.name);
            let (_, answer) = decode(&model, &request, after, FinishReason::StopToken);
            assert_eq!(blocks(&answer), [pair(called, "{}")], "{}", case.name);
            assert_eq!(reason(&answer), StopReason::ToolUse, "{}", case.name);
            let (_, answer) = decode(&model, &request, "Sorry!", FinishReason::StopToken);
            let malformed = matches!(
                reason(&answer),
                StopReason::MalformedToolUse | StopReason::MalformedModelOutput
            );
            assert!(
                malformed && !blocks(&answer).iter().any(|(kind, _)| kind == "text"),
                "{}",
                case.name
            );
        }
    }
}

#[test]
fn a_malformed_call_is_never_text() {
    for case in &CASES {
        let model = case.model();
        for (good, bad) in
            [("\"city\":", "\"city\""), ("\"n\": 3", "\"n\": 3,"), ("\n3\n", "\nthree\n")]
        {
            let text = case.calls.replacen(good, bad, 1);
            if text == case.calls {
                continue;
            }
            let (_, answer) = decode(&model, &offering(), &text, FinishReason::StopToken);
            assert_eq!(reason(&answer), StopReason::MalformedToolUse, "{} {text}", case.name);
        }
        // A tool that nobody offered.
        let mut request = offering();
        request.tools.remove(1);
        let (_, answer) = decode(&model, &request, case.calls, FinishReason::StopToken);
        assert_eq!(reason(&answer), StopReason::MalformedToolUse, "{}", case.name);
        request.tools[0].name = "h".into();
        let (_, answer) = decode(&model, &request, case.calls, FinishReason::StopToken);
        assert_eq!(reason(&answer), StopReason::MalformedToolUse, "{}", case.name);
        assert!(blocks(&answer).iter().all(|(kind, text)| kind == "text" && text == "Hm."));
        // Cut off anywhere inside the first call, by the model itself.
        let start = case.calls.find("Zü").unwrap();
        let (_, answer) =
            decode(&model, &offering(), &case.calls[..start], FinishReason::StopToken);
        assert_eq!(reason(&answer), StopReason::MalformedToolUse, "{}", case.name);
    }
}

#[test]
fn data_that_looks_like_a_call_is_text_to_llama() {
    let model = model(LLAMA, &LLAMA_CONTROLS);
    for text in
        ["{\"name\": \"Bob\", \"age\": 3}", "{\"a\": 1}", "{", "{\"nam", " [1]", "{\"name\": 5}"]
    {
        let (_, answer) = decode(&model, &offering(), text, FinishReason::StopToken);
        assert_eq!(blocks(&answer), [pair("text", text)]);
        assert_eq!(reason(&answer), StopReason::EndTurn);
    }
    let call = "{\"name\": \"f\", \"parameters\": {}}";
    let (_, answer) = decode(&model, &hello(), call, FinishReason::StopToken);
    assert_eq!(blocks(&answer), [pair("text", call)], "no tool is offered");
}

#[test]
fn tokens_that_only_calls_have_are_forbidden_where_no_tool_is_offered() {
    let tokens: [&[&str]; 8] = [
        &["<|tool_call|>"],
        &["<|python_tag|>"],
        &["<|python_tag|>"],
        &["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"],
        &["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"],
        &["<|constrain|>", "<|call|>"],
        &[],
        &[],
    ];
    for (case, texts) in CASES.iter().zip(tokens) {
        let (chat, tokenizer) = case.model();
        let mut expected: Vec<TokenId> =
            texts.iter().map(|text| tokenizer.control(text).unwrap()).collect();
        expected.sort_unstable();
        assert_eq!(chat.forbidden_tokens(&hello()), expected, "{}", case.name);
        assert!(chat.forbidden_tokens(&offering()).is_empty(), "{}", case.name);
        let mut none = offering();
        none.tool_choice = ToolChoice::None;
        assert_eq!(chat.forbidden_tokens(&none), expected, "{}", case.name);
    }
}

/// A conversation in which the tools were called and answered.
fn called(calls: &[(&str, Value)]) -> Request {
    let mut request = offering();
    let id = |at: usize| format!("tooluse_{at}");
    let uses = calls.iter().enumerate().map(|(at, (name, input))| Block::ToolUse {
        id: id(at),
        name: (*name).to_owned(),
        input: input.clone(),
    });
    let results = (0..calls.len()).map(|at| Block::ToolResult {
        id: id(at),
        text: format!("{{\"result\": {at}}}"),
        is_error: false,
    });
    request.prompt = Prompt::Turns(Turns {
        system: Vec::new(),
        messages: vec![
            turn(Role::User, "Hello"),
            Message { role: Role::Assistant, content: uses.collect() },
            Message { role: Role::User, content: results.collect() },
        ],
    });
    request
}

/// The first call as the template renders it in a later turn, from behind the opening of the assistant's turn on.
fn rendered_call(model: &(ChatModel, Arc<Characters>), calls: &[(&str, Value)]) -> Vec<TokenId> {
    let before = model.0.prompt(&offering()).unwrap().tokens;
    let tokens = model.0.prompt(&called(calls)).unwrap().tokens;
    assert_eq!(tokens[..before.len()], before, "a conversation grows at its end");
    let ends =
        ["<|end|>", "<|eot_id|>", "</s>", "<|call|>", "<|im_end|>"].map(|end| model.1.control(end));
    tokens[before.len()..]
        .iter()
        .copied()
        .take_while(|token| !ends.contains(&Some(*token)))
        .collect()
}

/// Arguments that every dialect can carry: XML has no way to write its own closing tag.
fn arguments() -> impl Strategy<Value = Value> {
    let text = "([a-zA-Z0-9 \n\"\\\\{}<|é€\u{1F980}:,]|<\\|end\\|>|\\[ARGS\\]|</tool_call>|True|null){0,8}";
    let scalar = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        text.prop_map(Value::from),
    ];
    let list = prop::collection::vec(scalar.clone(), 0..3);
    let map = prop::collection::btree_map("[a-z]{0,3}", scalar, 0..3);
    let all = (
        prop::option::of(text),
        prop::option::of(any::<i64>()),
        prop::option::of(list),
        prop::option::of(map),
        prop::option::of(any::<bool>()),
        any::<bool>(),
    );
    all.prop_map(|(city, n, list, map, yes, none)| {
        let mut object = serde_json::Map::new();
        object.extend(city.map(|city| ("city".into(), json!(city))));
        object.extend(n.map(|n| ("n".into(), json!(n))));
        object.extend(list.map(|list| ("list".into(), json!(list))));
        object.extend(map.map(|map| ("object".into(), json!(map))));
        object.extend(yes.map(|yes| ("yes".into(), json!(yes))));
        object.extend(none.then(|| ("none".into(), Value::Null)));
        Value::Object(object)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_rendered_call_is_read_back(input in arguments(), other in arguments()) {
        for case in &CASES {
            let model = case.model();
            let calls = [("f", input.clone()), ("g", other.clone())];
            let one_a_turn = matches!(case.name, "llama" | "harmony");
            let tokens = rendered_call(&model, &calls);
            let answer = answer_of(&model, &offering(), &tokens, FinishReason::StopToken);
            let told = blocks(&answer);
            let expected = if one_a_turn { &calls[..1] } else { &calls[..] };
            prop_assert_eq!(told.len(), expected.len(), "{}: {:?}", case.name, model.1.text(&tokens));
            for ((name, text), (called, input)) in told.iter().zip(expected) {
                prop_assert_eq!(name, called);
                prop_assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), input, "{}", case.name);
            }
            prop_assert_eq!(reason(&answer), StopReason::ToolUse);
        }
    }
}

#[test]
fn history_is_rendered_as_each_template_wants_it() {
    let two = [("f", json!({"n": 1})), ("g", json!({}))];
    let text = |template, controls: &[&str], request: &Request| {
        let model = model(template, controls);
        model.1.text(&model.0.prompt(request).unwrap().tokens)
    };
    // One call a message: each stands before its result.
    let shown = text(LLAMA, &LLAMA_CONTROLS, &called(&two));
    let expected = "<|end_header_id|>\n\n{\"name\": \"f\", \"parameters\": {\"n\": 1}}<|eot_id|>\
        <|start_header_id|>ipython<|end_header_id|>\n\n{\"result\": 0}<|eot_id|>\
        <|start_header_id|>assistant<|end_header_id|>\n\n{\"name\": \"g\", \"parameters\": {}}<|eot_id|>\
        <|start_header_id|>ipython<|end_header_id|>\n\n{\"result\": 1}<|eot_id|>";
    assert!(shown.contains(expected), "{shown}");
    let shown = text(HARMONY, &HARMONY_CONTROLS, &called(&two));
    assert!(shown.contains("<|start|>functions.g to=assistant"), "{shown}");
    assert!(shown.contains("// \ntype f"), "a description that is needed is empty");
    // Ids of nine characters: the same for a call and its result, and different ones for different calls.
    let shown = text(MISTRAL_LIST, &MISTRAL_CONTROLS, &called(&two));
    let ids: Vec<&str> =
        shown.split("id\": \"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!((ids.len(), ids[0], ids[1]), (4, ids[2], ids[3]), "{shown}");
    assert!(
        ids[0] != ids[1] && ids[0].len() == 9 && ids[0].bytes().all(|b| b.is_ascii_alphanumeric())
    );
    // Arguments as text where a template only joins texts.
    let joins = QWEN3.replace(
        "c.function.arguments if c.function.arguments is string else c.function.arguments | tojson",
        "'' + c.function.arguments",
    );
    assert_ne!(joins, QWEN3);
    let shown = text(&joins, &CHATML_CONTROLS, &called(&two));
    assert!(shown.contains("{\"name\": \"f\", \"arguments\": {\"n\": 1}}"), "{shown}");
}

#[test]
fn reasoning_of_earlier_turns_goes_where_the_template_looks_for_it() {
    let mut request = called(&[("f", json!({}))]);
    let Prompt::Turns(turns) = &mut request.prompt else { unreachable!() };
    turns.messages[1].content.insert(0, Block::Reasoning("I wonder.".into()));
    let shown = |template: &str, controls: &[&str], request: &Request| {
        let model = model(template, controls);
        model.1.text(&model.0.prompt(request).unwrap().tokens)
    };
    assert!(shown(QWEN3, &CHATML_CONTROLS, &request).contains("<think>\nI wonder.\n</think>"));
    assert!(
        shown(HARMONY, &HARMONY_CONTROLS, &request).contains("analysis<|message|>I wonder.<|end|>")
    );
    assert!(
        shown(MISTRAL_ARGS, &MISTRAL_CONTROLS, &request)
            .contains("[THINK]I wonder.[/THINK][TOOL_CALLS]f")
    );
    // Text beside reasoning and a call: harmony has a message for each.
    let Prompt::Turns(turns) = &mut request.prompt else { unreachable!() };
    turns.messages[1].content.insert(1, Block::Text("Let me see.".into()));
    let shown_all = shown(HARMONY, &HARMONY_CONTROLS, &request);
    assert!(shown_all.contains("final<|message|>Let me see.<|end|>"), "{shown_all}");
    assert!(shown_all.contains("analysis<|message|>I wonder.<|end|>"), "{shown_all}");
    // An earlier turn's is dropped by the template itself.
    let Prompt::Turns(turns) = &mut request.prompt else { unreachable!() };
    turns.messages.extend([turn(Role::Assistant, "Done."), turn(Role::User, "Thanks.")]);
    assert!(!shown(QWEN3, &CHATML_CONTROLS, &request).contains("I wonder."));
}
