//! `document` blocks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::canonical::{
    Block, Document, DocumentFormat, DocumentSource, Prompt, Request, ResultPart, Role,
};
use crate::converse::parse_request;

fn parse(body: &Value) -> Result<Request, String> {
    parse_request(body.to_string().as_bytes()).map_err(|error| error.message)
}

/// A user message with a text and blocks.
fn asked(blocks: &[Value]) -> Value {
    let mut content = vec![json!({"text": "Read this."})];
    content.extend_from_slice(blocks);
    json!({"messages": [{"role": "user", "content": content}]})
}

fn document(name: &str, more: &Value) -> Value {
    let mut document = json!({"name": name, "format": "txt", "source": {"text": "hello"}});
    for (key, value) in more.as_object().unwrap() {
        document[key] = value.clone();
    }
    json!({"document": document})
}

fn blocks(request: &Request, message: usize) -> &[Block] {
    match &request.prompt {
        Prompt::Turns(turns) => &turns.messages[message].content,
        Prompt::Raw { .. } => panic!("expected turns"),
    }
}

#[test]
fn every_source_is_read() {
    let of = |source: Value, format: &str| {
        let more = json!({"source": source, "format": format, "context": "c"});
        let request = parse(&asked(&[document("my file", &more)])).unwrap();
        assert!(request.has_documents());
        match &blocks(&request, 0)[1] {
            Block::Document(document) => document.clone(),
            other => panic!("{other:?}"),
        }
    };
    let expected = |source| Document {
        name: "my file".into(),
        source,
        context: Some("c".into()),
        place: "messages.0.content.1.document".into(),
        part_of: None,
    };
    for format in DocumentFormat::all() {
        let bytes = json!({"bytes": STANDARD.encode("%PDF")});
        let source = DocumentSource::File(format, b"%PDF".to_vec());
        assert_eq!(of(bytes, format.as_str()), expected(source));
    }
    let text = |text: &str| expected(DocumentSource::Text(text.into()));
    assert_eq!(of(json!({"text": "plain"}), "md"), text("plain"));
    assert_eq!(of(json!({"content": [{"text": "a"}, {"text": "b"}]}), "txt"), text("a\n\nb"));
    let formatless = json!({"document": {"name": "a", "source": {"text": "b"}}});
    assert!(parse(&asked(&[formatless])).is_ok());
    assert!(!parse(&asked(&[])).unwrap().has_documents());
}

#[test]
fn documents_of_a_tool_result_keep_their_places_in_its_text() {
    let named = |name: &str| document(name, &json!({}));
    let body = json!({
        "messages": [
            {"role": "user", "content": [{"text": "hi"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [
                named("a"), {"text": "one"}, named("b"), {"json": {}}, {"text": "é"}, named("c"),
            ]}}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}]},
    });
    let request = parse(&body).unwrap();
    let Block::ToolResult { text, .. } = &blocks(&request, 2)[0] else { panic!("{request:?}") };
    assert_eq!(text, "one\n{}\né");
    let parts: Vec<_> = blocks(&request, 2)[1..]
        .iter()
        .map(|block| match block {
            Block::Document(document) => (document.name.as_str(), document.part_of.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    let part = |offset| Some(ResultPart { tool_use_id: "t".into(), offset });
    assert_eq!(parts, [("a", part(0)), ("b", part(3)), ("c", part(9))]);
}

#[test]
fn bad_documents_are_refused_by_place() {
    let more = |more: Value| asked(&[document("a", &more)]);
    let s3 = json!({"source": {"s3Location": {"uri": "s3://b/k"}}});
    let large = STANDARD.encode(vec![0_u8; 4_500_001]);
    let file = |text: &str| json!({"source": {"bytes": text}});
    let name = "The document file name can only contain alphanumeric characters, whitespace \
                characters, hyphens, parentheses, and square brackets.";
    let named = |text: &str| more(json!({"name": text}));
    let cases = [
        (named("a.pdf"), name),
        (named("a  b"), name),
        (named("a\tb"), name),
        (named("é"), name),
        (named(""), "document.name' failed to satisfy constraint"),
        (named(&"a".repeat(201)), "document.name' failed to satisfy constraint"),
        (more(json!({"name": null})), "Value null at 'messages.0.content.1.document.name'"),
        (more(json!({"format": "odt"})), "document.format' failed to satisfy constraint"),
        (more(json!({"source": null})), "document.source' failed to satisfy constraint"),
        (more(json!({"source": {}})), "document.source: exactly one of [bytes, s3Location, text"),
        (more(s3), "document.source.s3Location: documents in S3 are not supported"),
        (more(file("%")), "document.source.bytes: expected base64"),
        (more(file("")), "document.source.bytes: the document is empty"),
        (more(file(&large)), "document.source.bytes: the document has 4500001 bytes"),
        (more(json!({"source": {"text": " "}})), "document.source.text: the document has no text"),
        (more(json!({"source": {"content": []}})), "document.source.content: the document has no"),
        (more(json!({"citations": {"enabled": true}})), "document.citations: citations are not"),
        (more(json!({"citations": {}})), "document.citations.enabled'"),
        (more(json!({"title": "x"})), "document: extraneous key [title]"),
        (
            asked(&[document("a", &json!({})), document("a", &json!({}))]),
            "messages.0.content.2.document: Messages can't contain duplicate document names. \
             Rename the document and retry your request.",
        ),
    ];
    for (body, expected) in cases {
        let message = parse(&body).unwrap_err();
        let shown = &message[..message.len().min(300)];
        assert!(message.contains(expected), "{expected}: {shown}");
        assert!(
            message.contains("messages.0.content.") || message.contains("#/messages/0/content/1")
        );
    }
    assert!(parse(&more(json!({"citations": {"enabled": false}}))).is_ok());
    assert!(parse(&named("a_b (1) [x]-y")).is_ok());
    let bytes_without_format = json!({"format": null, "source": {"bytes": "YQ=="}});
    assert!(parse(&more(bytes_without_format)).unwrap_err().contains("document.format'"));
}

#[test]
fn five_documents_and_no_more() {
    let numbered = |count: u32| -> Vec<Value> {
        (0..count).map(|number| document(&number.to_string(), &json!({}))).collect()
    };
    assert!(parse(&asked(&numbered(5))).is_ok());
    assert_eq!(
        parse(&asked(&numbered(6))).unwrap_err(),
        "messages.0.content.6.document: You can't include more than 5 documents in a request."
    );
}

#[test]
fn documents_belong_in_user_messages_with_a_text() {
    let document = document("a", &json!({}));
    let alone = json!({"messages": [{"role": "user", "content": [document]}]});
    assert_eq!(
        parse(&alone).unwrap_err(),
        "messages.0.content.0.document: A text block must be included when using documents."
    );
    let body = json!({"messages": [
        {"role": "user", "content": [{"text": "hi"}]}, {"role": "assistant", "content": [document]},
    ]});
    assert_eq!(
        parse(&body).unwrap_err(),
        "messages.1.content.0.document: document blocks belong in user messages"
    );
    let first = parse(&asked(&[document])).unwrap();
    assert!(matches!(blocks(&first, 0)[0], Block::Text(_)));
    let Prompt::Turns(turns) = &first.prompt else { panic!("{first:?}") };
    assert_eq!(turns.messages[0].role, Role::User);
}
