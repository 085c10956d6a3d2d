//! Reasoning: asked for, opened by the prompt or the answer, told as blocks of its own.

use bedrock::canonical::{Effort, StopReason, Thinking, ToolChoice};
use engine::FinishReason;

use super::decoding::{blocks, decode, pair, reason};
use super::dialects::{
    CHATML_CONTROLS, HARMONY, HARMONY_CONTROLS, LLAMA, LLAMA_CONTROLS, MISTRAL_ARGS,
    MISTRAL_CONTROLS, QWEN3, offering,
};
use super::*;
use crate::ChatError;

const DEEPSEEK: &str = include_str!("../../tests/templates/deepseek.jinja");

fn asking(thinking: Thinking, effort: Option<Effort>) -> Request {
    let mut request = hello();
    request.reasoning = bedrock::canonical::Reasoning { thinking, effort, named: "thinking" };
    request
}

const ON: Thinking = Thinking::On { budget_tokens: None };

fn prompt(model: &(ChatModel, Arc<Characters>), request: &Request) -> Result<String, ChatError> {
    Ok(model.1.text(&model.0.prompt(request)?.tokens))
}

#[test]
fn an_answer_begins_with_reasoning_or_does_not() {
    let qwen = model(QWEN3, &CHATML_CONTROLS);
    assert!(qwen.0.reasons());
    let mut request = hello();
    request.stop_sequences = vec!["STOP".into()];
    let read = |text: &str| {
        let answer = decode(&qwen, &request, text, FinishReason::StopToken).1;
        (blocks(&answer), reason(&answer))
    };
    let both = vec![pair("reasoning", "a STOP\n</thin"), pair("text", "b ")];
    assert_eq!(
        read("\n<think>\na STOP\n</thin \n</think>\n\nb STOP"),
        (both, StopReason::StopSequence)
    );
    assert_eq!(read("<think>\n\n</think>\n\nb").0, [pair("text", "b")]);
    assert_eq!(read("<think>a").0, [pair("reasoning", "a")], "cut off, or without an answer");
    assert_eq!(read("<thin").0, [pair("text", "<thin")]);
    assert_eq!(
        read("Say <think>x</think>.").0,
        [pair("text", "Say <think>x</think>.")],
        "not at the beginning"
    );
    let mut request = offering();
    request.stop_sequences = vec!["STOP".into()];
    let text = "<think>f?</think><tool_call>{\"name\": \"f\", \"arguments\": {}}</tool_call>";
    let answer = decode(&qwen, &request, text, FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("reasoning", "f?"), pair("f", "{}")]);
}

#[test]
fn reasoning_that_the_prompt_opened() {
    let deepseek = model(DEEPSEEK, &["<|user|>", "<|assistant|>"]);
    let answer = decode(&deepseek, &hello(), "Well.\n</think>\n\nHi", FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("reasoning", "Well."), pair("text", "Hi")]);
    let answer = decode(&deepseek, &hello(), "Well", FinishReason::MaxTokens).1;
    assert_eq!(
        (blocks(&answer), reason(&answer)),
        (vec![pair("reasoning", "Well")], StopReason::MaxTokens)
    );
    // A turn that is continued is text.
    let prefilled = chat(&[], vec![turn(Role::User, "a"), turn(Role::Assistant, "So")]);
    assert_eq!(
        prompt(&deepseek, &prefilled).unwrap(),
        "<|user|>a<|assistant|><think>\n\n</think>\n\nSo"
    );
    let answer = decode(&deepseek, &prefilled, " what", FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("text", " what")]);
}

#[test]
fn control_tokens_around_reasoning() {
    let mistral = model(MISTRAL_ARGS, &MISTRAL_CONTROLS);
    let source = "[THINK]f?\n[/THINK]Sure.[TOOL_CALLS]f[ARGS]{}";
    let answer = decode(&mistral, &offering(), source, FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("reasoning", "f?"), pair("text", "Sure."), pair("f", "{}")]);
    let unclosed = "[THINK]f?[TOOL_CALLS]f[ARGS]{}";
    let answer = decode(&mistral, &offering(), unclosed, FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("reasoning", "f?"), pair("f", "{}")]);
}

#[test]
fn channels_are_reasoning_and_text() {
    let gpt = model(HARMONY, &HARMONY_CONTROLS);
    let text = "<|channel|>analysis<|message|>Hm.\n<|end|><|start|>assistant<|channel|>final<|message|>Hi STOP";
    let mut request = hello();
    request.stop_sequences = vec!["STOP".into(), "Hm".into()];
    let answer = decode(&gpt, &request, text, FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("reasoning", "Hm."), pair("text", "Hi ")]);
    assert_eq!(reason(&answer), StopReason::StopSequence);
    for broken in [
        "Hi",
        "<|message|>a<|message|>b",
        "<|channel|>dreams<|message|>a",
        "<|channel|>final<|end|>",
    ] {
        let answer = decode(&gpt, &hello(), broken, FinishReason::StopToken).1;
        assert_eq!(reason(&answer), StopReason::MalformedModelOutput, "{broken}");
    }
    let builtin = "<|channel|>analysis to=python code<|message|>1+1<|call|>";
    let answer = decode(&gpt, &offering(), builtin, FinishReason::StopToken).1;
    assert_eq!((blocks(&answer), reason(&answer)), (Vec::new(), StopReason::MalformedToolUse));
    let prefilled = chat(&[], vec![turn(Role::User, "a"), turn(Role::Assistant, "So")]);
    assert!(prompt(&gpt, &prefilled).unwrap().ends_with("assistant<|channel|>final<|message|>So"));
    let answer = decode(&gpt, &prefilled, " what", FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("text", " what")]);
}

#[test]
fn templates_are_told_what_they_can_be_told() {
    let qwen = model(QWEN3, &CHATML_CONTROLS);
    let end = |request: &Request| {
        prompt(&qwen, request).unwrap().split("assistant\n").nth(1).unwrap().to_owned()
    };
    assert_eq!(end(&hello()), "");
    assert_eq!(end(&asking(Thinking::Off, None)), "<think>\n\n</think>\n\n");
    assert_eq!(end(&asking(Thinking::Adaptive, None)), "");
    assert_eq!(end(&asking(ON, None)), "<think>\n");
    let answer = decode(&qwen, &asking(ON, None), "a</think>b", FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("reasoning", "a"), pair("text", "b")]);

    let gpt = model(HARMONY, &HARMONY_CONTROLS);
    let high = prompt(&gpt, &asking(Thinking::Default, Some(Effort::High))).unwrap();
    assert!(high.contains("Reasoning: high\n"), "{high}");
    let off = asking(Thinking::Off, None);
    assert!(prompt(&gpt, &off).unwrap().ends_with("assistant<|channel|>final<|message|>"));
    let answer = decode(&gpt, &off, "Hi", FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("text", "Hi")]);

    let deepseek = model(DEEPSEEK, &[]);
    assert!(prompt(&deepseek, &off).unwrap().ends_with("<think>\n\n</think>\n\n"));
    let answer = decode(&deepseek, &off, "Hi", FinishReason::StopToken).1;
    assert_eq!(blocks(&answer), [pair("text", "Hi")]);
    // A forced call is not written into reasoning.
    let mut forced = offering();
    forced.tool_choice = ToolChoice::Any;
    let thinks = QWEN3.replace(
        "{%- if enable_thinking is defined",
        "{{- '<think>\\n' if enable_thinking is not defined }}{%- if enable_thinking is defined",
    );
    let forced = prompt(&model(&thinks, &CHATML_CONTROLS), &forced).unwrap();
    assert!(forced.ends_with("assistant\n<think>\n\n</think>\n\n<tool_call>\n"), "{forced:?}");
}

#[test]
fn what_a_model_cannot_do_is_refused_by_the_fields_name() {
    let refused = |template: &str, controls: &[&str], request: &Request| {
        prompt(&model(template, controls), request).unwrap_err().to_string()
    };
    let llama = refused(LLAMA, &LLAMA_CONTROLS, &asking(ON, None));
    assert_eq!(llama, "thinking: the serving model cannot reason");
    let effort = asking(Thinking::Default, Some(Effort::Low));
    assert_eq!(
        refused(LLAMA, &LLAMA_CONTROLS, &effort),
        "thinking: the serving model cannot reason"
    );
    assert!(
        refused(QWEN3, &CHATML_CONTROLS, &effort)
            .contains("does not take the reasoning effort 'low'")
    );
    let minimal = asking(Thinking::Default, Some(Effort::Minimal));
    assert!(refused(HARMONY, &HARMONY_CONTROLS, &minimal).contains("'minimal'"));
    let budget = asking(Thinking::On { budget_tokens: Some(2000) }, None);
    assert!(refused(HARMONY, &HARMONY_CONTROLS, &budget).contains("cannot be limited"));
    let mut off = asking(Thinking::Off, None);
    off.tools = offering().tools;
    assert!(refused(HARMONY, &HARMONY_CONTROLS, &off).contains("cannot be turned off"));
    assert!(prompt(&model(LLAMA, &LLAMA_CONTROLS), &asking(Thinking::Off, None)).is_ok());
    let mut prefilled = chat(&[], vec![turn(Role::User, "a"), turn(Role::Assistant, "So")]);
    prefilled.reasoning = asking(ON, None).reasoning;
    assert!(refused(QWEN3, &CHATML_CONTROLS, &prefilled).contains("cannot be continued"));
}

#[test]
fn a_budget_is_held_by_the_template_or_by_a_constraint() {
    let budget = asking(Thinking::On { budget_tokens: Some(3) }, None);
    let qwen = model(QWEN3, &CHATML_CONTROLS);
    let mut limit = qwen.0.reasoning_limit(&budget).unwrap();
    "abc".chars().for_each(|c| limit.accept(u32::from(c)));
    let forced: String = limit.forced().into_iter().filter_map(char::from_u32).collect();
    assert_eq!(forced, "\n</think>\n\n");
    assert!(qwen.0.reasoning_limit(&hello()).is_none());
    assert!(qwen.0.reasoning_limit(&asking(ON, None)).is_none());
    let told =
        format!("{{{{ 'budget ' ~ thinking_budget if thinking_budget is defined }}}}{QWEN3}");
    let told = model(&told, &CHATML_CONTROLS);
    assert!(prompt(&told, &budget).unwrap().starts_with("budget 3"));
    assert!(told.0.reasoning_limit(&budget).is_none());
}

#[test]
fn an_answer_that_a_schema_binds_has_no_reasoning() {
    let bound = |mut request: Request| {
        let schema = serde_json::json!({"type": "object"});
        request.output_format = Some(bedrock::canonical::OutputSchema { name: None, schema });
        request
    };
    let deepseek = model(DEEPSEEK, &["<|user|>", "<|assistant|>"]);
    let qwen = model(QWEN3, &CHATML_CONTROLS);
    let gpt = model(HARMONY, &HARMONY_CONTROLS);
    let budget = Thinking::On { budget_tokens: Some(2000) };
    for (model, end) in [
        (&deepseek, "<think>\n\n</think>\n\n"),
        (&qwen, "<think>\n\n</think>\n\n"),
        (&gpt, "<|channel|>final<|message|>"),
    ] {
        for thinking in [Thinking::Default, Thinking::Adaptive, Thinking::Off, ON, budget] {
            let request = bound(asking(thinking, None));
            assert!(prompt(model, &request).unwrap().ends_with(end), "{thinking:?}");
            let answer = decode(model, &request, "{\"a\": 1}", FinishReason::StopToken).1;
            assert_eq!(blocks(&answer), [pair("text", "{\"a\": 1}")]);
            assert!(model.0.reasoning_limit(&request).is_none());
        }
    }
    let llama = model(LLAMA, &LLAMA_CONTROLS);
    let refused = prompt(&llama, &bound(asking(ON, None)));
    assert_eq!(refused.unwrap_err(), ChatError::ReasoningUnsupported("thinking"));
}

#[test]
fn a_budget_beside_a_strict_tool_is_refused() {
    let qwen = model(QWEN3, &CHATML_CONTROLS);
    let mut request = offering();
    request.reasoning = asking(Thinking::On { budget_tokens: Some(2000) }, None).reasoning;
    assert!(qwen.0.constraints(&request).unwrap().is_empty());
    assert!(qwen.0.reasoning_limit(&request).is_some());
    request.tools[0].strict = true;
    let error = qwen.0.constraints(&request).err().unwrap();
    assert_eq!(error, ChatError::BudgetWithStrict("thinking"));
    request.tool_choice = ToolChoice::Any;
    assert!(qwen.0.reasoning_limit(&request).is_none(), "a forced call has no reasoning");
}
