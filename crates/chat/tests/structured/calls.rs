//! Tool calls: in the model's dialect, by an offered name, with arguments that their schema allows.

use bedrock::canonical::{
    Block, BlockKind, Event, Message, OutputSchema, Prompt, Request, Role, StopReason, Tool,
    ToolChoice, Turns,
};
use chat::{ChatError, ChatModel, Flow};
use engine::{FinishReason, TokenId};
use serde_json::{Value, json};

use crate::keywords::judge;
use crate::sample::{allowed, say};
use crate::vocabulary::Pieces;

const PEBBLE: &str = include_str!("../../../../training/chat_template.jinja");
const HERMES: &str = concat!(
    "{% if tools %}<tools>{% for t in tools %}{{ t | tojson }}{% endfor %}</tools>{% endif %}",
    "{# <tool_call>{\"name\": …, \"arguments\": …}</tool_call> #}",
    "{% for m in messages %}{{ m.role }}: {{ m.content }}{% for c in m.tool_calls or [] %}",
    "<tool_call>{{ c.function | tojson }}</tool_call>{% endfor %}\n{% endfor %}assistant: "
);
const LIST: &str = include_str!("../templates/mistral_list.jinja");
const ARGS: &str = include_str!("../templates/mistral_args.jinja");
const LLAMA: &str = include_str!("../templates/llama.jinja");
const HARMONY: &str = include_str!("../templates/harmony.jinja");
const QWEN_CODER: &str = include_str!("../templates/qwen_coder.jinja");

fn tool(name: &str, schema: Value, strict: bool) -> Tool {
    Tool { name: name.into(), description: None, input_schema: schema, strict }
}

fn weather() -> Value {
    json!({
        "type": "object", "required": ["city", "days"], "additionalProperties": false,
        "properties": {"city": {"enum": ["Bern", "Zürich"]}, "days": {"type": "integer", "minimum": 1, "maximum": 9}},
    })
}

fn offering(tools: Vec<Tool>, tool_choice: ToolChoice) -> Request {
    let hello = Message { role: Role::User, content: vec![Block::Text("Hello".into())] };
    let turns = Turns { system: Vec::new(), messages: vec![hello] };
    Request { tools, tool_choice, ..Request::new(Prompt::Turns(turns)) }
}

/// The calls of an answer and why it ended.
fn decoded(
    model: &ChatModel,
    request: &Request,
    tokens: &[TokenId],
) -> (Vec<(String, Value)>, StopReason) {
    let inside = model.prompt(request).is_ok_and(|prompt| prompt.begins_inside);
    let mut decoder = model.decoder(request, inside, 0);
    let mut events = Vec::new();
    for token in tokens {
        assert_eq!(decoder.push(*token, None, &mut events), Flow::Continue);
    }
    decoder.finish(FinishReason::StopToken, &mut events);
    let mut calls: Vec<(String, String)> = Vec::new();
    let mut reason = None;
    for event in events {
        match event {
            Event::BlockStart { kind: BlockKind::ToolUse { name, .. }, .. } => {
                calls.push((name, String::new()));
            }
            Event::Delta { text, .. } => {
                if let Some((_, input)) = calls.last_mut() {
                    input.push_str(&text);
                }
            }
            Event::Stop { reason: why, .. } => reason = Some(why),
            _ => {}
        }
    }
    let parsed = calls.into_iter().map(|(name, text)| (name, serde_json::from_str(&text).unwrap()));
    (parsed.collect(), reason.unwrap())
}

/// Whether the answer is made of calls that were allowed, with valid arguments.
fn calls_hold(model: &ChatModel, request: &Request, tokens: &[TokenId]) -> bool {
    let (calls, reason) = decoded(model, request, tokens);
    assert_eq!(reason, StopReason::ToolUse);
    assert!(!calls.is_empty());
    for (name, input) in &calls {
        assert!(request.tool_choice == ToolChoice::Any || name == "look");
        let tool = request.tools.iter().find(|tool| tool.name == *name).unwrap();
        assert!(judge(&tool.input_schema).is_valid(input) && input.is_object(), "{input}");
    }
    true
}

#[test]
fn forced_calls_are_well_formed_and_their_arguments_valid() {
    let schemas = [
        ("weather", weather()),
        (
            "look",
            json!({"properties": {"q": {"type": "string", "maxLength": 9}}, "required": ["q"], "maxProperties": 1}),
        ),
    ];
    for template in [PEBBLE, HERMES, LIST, ARGS, LLAMA, HARMONY] {
        for merges in [false, true] {
            let (model, tokenizer) = Pieces::new(merges).model(Some(template));
            for choice in [ToolChoice::Any, ToolChoice::Named("look".into())] {
                let tools = schemas.iter().map(|(name, schema)| tool(name, schema.clone(), false));
                let request = offering(tools.collect(), choice.clone());
                model.prompt(&request).unwrap();
                let mut ended = 0;
                for seed in 0..30 {
                    let mut made = model.constraints(&request).unwrap();
                    let said = say(made[0].as_mut(), tokenizer.as_ref(), (seed, 600, true));
                    ended += usize::from(said.ended && calls_hold(&model, &request, &said.tokens));
                }
                assert!(ended > 20, "{ended} of 30 ended");
            }
        }
    }
}

#[test]
fn a_strict_tool_binds_from_its_opening_on() {
    for template in [PEBBLE, HERMES, LIST, ARGS] {
        let (model, tokenizer) = Pieces::new(true).model(Some(template));
        let tools = vec![tool("weather", weather(), true), tool("free", json!({"not": {}}), false)];
        let request = offering(tools, ToolChoice::Auto);
        for seed in 0..20 {
            let mut made = model.constraints(&request).unwrap();
            let mut tokens = tokenizer.encode("I look < <tool_ it up. ");
            match template {
                HERMES => tokens.extend(tokenizer.encode("<tool_call>")),
                PEBBLE => tokens.push(tokenizer.control("<|tool_call|>").unwrap()),
                _ => tokens.push(tokenizer.control("[TOOL_CALLS]").unwrap()),
            }
            for token in &tokens {
                assert!(allowed(made[0].as_mut(), tokenizer.as_ref()).contains(token));
                assert!(made[0].forced().is_empty());
                made[0].accept(*token);
            }
            let said = say(made[0].as_mut(), tokenizer.as_ref(), (seed, 2000, true));
            if !said.ended {
                continue;
            }
            tokens.extend(&said.tokens);
            let (calls, reason) = decoded(&model, &request, &tokens);
            assert_eq!(reason, StopReason::ToolUse);
            for (name, input) in &calls {
                assert!(input.is_object());
                assert!(name == "free" || judge(&weather()).is_valid(input), "{input}");
            }
            // Back into the text, and on as if nothing had been.
            made[0].roll_back(said.tokens.len() + 1);
            let end = tokenizer.stop_tokens()[0];
            assert!(allowed(made[0].as_mut(), tokenizer.as_ref()).contains(&end));
        }
    }
}

#[test]
fn no_token_runs_past_the_opening_of_a_strict_call() {
    let (model, tokenizer) = Pieces::new(true).model(Some(HERMES));
    let request = offering(vec![tool("weather", weather(), true)], ToolChoice::Auto);
    let mut made = model.constraints(&request).unwrap();
    let crossing = tokenizer.encode("call>{");
    assert_eq!(crossing.len(), 1);
    assert!(allowed(made[0].as_mut(), tokenizer.as_ref()).contains(&crossing[0]));
    for token in b"<tool_" {
        made[0].accept(u32::from(*token));
    }
    let now = allowed(made[0].as_mut(), tokenizer.as_ref());
    assert!(!now.contains(&crossing[0]));
    assert_eq!(now.len() + 1, tokenizer.vocab_size(), "and no other");
}

#[test]
fn what_binds_nothing_has_no_constraint() {
    let (model, _) = Pieces::new(true).model(Some(PEBBLE));
    let free = |tools, choice| {
        let request = offering(tools, choice);
        assert!(!model.is_constrained(&request));
        assert!(model.constraints(&request).unwrap().is_empty());
    };
    free(Vec::new(), ToolChoice::Auto);
    free(vec![tool("weather", weather(), false)], ToolChoice::Auto);
    free(vec![tool("weather", weather(), true)], ToolChoice::None);
}

#[test]
fn choices_have_a_constraint_each() {
    let (model, _) = Pieces::new(true).model(Some(PEBBLE));
    let request =
        Request { choices: 3, ..offering(vec![tool("w", weather(), false)], ToolChoice::Any) };
    assert!(model.is_constrained(&request));
    assert_eq!(model.constraints(&request).unwrap().len(), 3);
}

#[test]
fn a_strict_schema_is_refused_by_the_tools_name_and_a_lenient_one_is_any_object() {
    let (model, tokenizer) = Pieces::new(true).model(Some(PEBBLE));
    let strict = offering(vec![tool("odd", json!({"not": {}}), true)], ToolChoice::Auto);
    let error = model.constraints(&strict).err().unwrap();
    assert_eq!(
        error.to_string(),
        "the input schema of the tool odd cannot be enforced: #/not: the keyword not is not supported"
    );
    let list = offering(vec![tool("odd", json!({"type": "array"}), true)], ToolChoice::Any);
    assert!(model.constraints(&list).err().unwrap().to_string().contains("are an object"));
    let lenient =
        offering(vec![tool("odd", json!({"not": {"required": ["a"]}}), false)], ToolChoice::Any);
    let mut made = model.constraints(&lenient).unwrap();
    let said = say(made[0].as_mut(), tokenizer.as_ref(), (3, 3000, true));
    if said.ended {
        assert_eq!(decoded(&model, &lenient, &said.tokens).1, StopReason::ToolUse);
    }
}

#[test]
fn calls_that_cannot_be_bound_are_refused_by_the_dialects_name_where_that_was_promised() {
    let model = |template| Pieces::new(true).model(Some(template)).0;
    let offer = |strict, choice| offering(vec![tool("w", weather(), strict)], choice);
    for (template, name) in [(LLAMA, "llama"), (HARMONY, "harmony"), (QWEN_CODER, "qwen coder")] {
        let refused = |request: &Request| {
            let error = model(template).constraints(request).err().unwrap().to_string();
            assert!(error.contains(&format!("({name})")), "{error}");
            error
        };
        assert!(refused(&offer(true, ToolChoice::Auto)).contains("of the tool w"));
        let mut both = offer(false, ToolChoice::Auto);
        both.output_format = Some(OutputSchema { name: None, schema: json!({}) });
        assert!(refused(&both).contains("the schema of the output"));
    }
    let xml = model(QWEN_CODER);
    assert!(xml.constraints(&offer(true, ToolChoice::Any)).is_err());
    assert!(xml.constraints(&offer(false, ToolChoice::Any)).unwrap().is_empty(), "free");
}

#[test]
fn an_output_schema_leaves_the_choice_between_an_answer_and_a_call() {
    for template in [PEBBLE, HERMES, LIST, ARGS] {
        let (model, tokenizer) = Pieces::new(true).model(Some(template));
        let mut request = offering(vec![tool("weather", weather(), true)], ToolChoice::Auto);
        request.output_format =
            Some(OutputSchema { name: None, schema: json!({"const": {"a": 1}}) });
        let mut made = model.constraints(&request).unwrap();
        let starts = allowed(made[0].as_mut(), tokenizer.as_ref());
        let opens = ["<|tool_call|>", "[TOOL_CALLS]"].map(|text| tokenizer.control(text).unwrap());
        let calls = |token: &TokenId| {
            opens.contains(token) || tokenizer.token_bytes(*token).first() == Some(&b'<')
        };
        assert!(starts.iter().any(calls) && !starts.iter().all(calls));
        let mut seen = [false; 2];
        for seed in 0..20 {
            let mut made = model.constraints(&request).unwrap();
            let said = say(made[0].as_mut(), tokenizer.as_ref(), (seed, 900, true));
            if said.ended {
                let (calls, reason) = decoded(&model, &request, &said.tokens);
                let answered = said.bytes == br#"{"a": 1}"#;
                assert_eq!(
                    reason,
                    if answered { StopReason::EndTurn } else { StopReason::ToolUse }
                );
                assert_eq!(calls.is_empty(), answered);
                seen[usize::from(answered)] = true;
            }
        }
        assert_eq!(seen, [true, true]);
    }
}

#[test]
fn an_output_schema_cannot_continue_a_text() {
    let (model, _) = Pieces::new(true).model(Some(PEBBLE));
    let mut request = offering(Vec::new(), ToolChoice::Auto);
    request.output_format = Some(OutputSchema { name: None, schema: json!({}) });
    assert!(model.constraints(&request).is_ok());
    if let Prompt::Turns(turns) = &mut request.prompt {
        let begun = Message { role: Role::Assistant, content: vec![Block::Text("{".into())] };
        turns.messages.push(begun);
    }
    assert!(matches!(model.constraints(&request).err(), Some(ChatError::Invalid(_))));
}
