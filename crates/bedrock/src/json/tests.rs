use super::*;

fn read<T>(
    body: &str,
    wording: Wording,
    reader: impl FnOnce(&mut Fields<'_>) -> Result<T, WireError>,
) -> Result<T, String> {
    let value = parse(body.as_bytes()).map_err(|error| error.message)?;
    Node::root(&value, wording).read(reader).map_err(|error| error.message)
}

fn native<T>(
    body: &str,
    reader: impl FnOnce(&mut Fields<'_>) -> Result<T, WireError>,
) -> Result<T, String> {
    read(body, Wording::Native, reader)
}

#[test]
fn what_is_no_json_is_refused_and_never_a_crash() {
    let deep = "[".repeat(100_000);
    let cases: [&[u8]; 9] = [
        b"",
        b"{",
        b"{\"a\":1e999}",
        b"{\"a\":NaN}",
        b"\"\xff\"",
        br#""\ud800""#,
        b"{} {}",
        deep.as_bytes(),
        b"{\"a\":1,}",
    ];
    for body in cases {
        let message = parse(body).unwrap_err().message;
        assert!(
            message.starts_with("Malformed input request: the request body is not valid JSON: "),
            "{message}"
        );
        assert!(message.ends_with(", please reformat your input and try again."), "{message}");
    }
}

#[test]
fn unknown_keys_are_refused_in_bedrocks_words() {
    let nested = |fields: &mut Fields<'_>| fields.require("a")?.read(|a| a.text("x").map(|_| ()));
    assert_eq!(
        native(r#"{"a":{"x":"1","y":2}}"#, nested).unwrap_err(),
        "Malformed input request: #/a: extraneous key [y] is not permitted, please reformat your \
         input and try again."
    );
    assert_eq!(
        native(r#"{"a":{},"top_k":2}"#, nested).unwrap_err(),
        "Malformed input request: #: extraneous key [top_k] is not permitted, please reformat \
         your input and try again."
    );
    assert_eq!(native(r#"{"a":{"y":null}}"#, nested), Ok(()), "null is the same as absent");
    let long = format!(r#"{{"a":{{}},"{}":1}}"#, "k".repeat(5000));
    assert!(native(&long, nested).unwrap_err().len() < 200, "a foreign key is cut in messages");
}

#[test]
fn a_missing_key_is_named() {
    let need = |fields: &mut Fields<'_>| fields.require("a")?.read(|a| a.require("b").map(|_| ()));
    assert_eq!(
        read(r#"{"a":{"b":null}}"#, Wording::Modelled, need).unwrap_err(),
        "1 validation error detected: Value null at 'a.b' failed to satisfy constraint: Member \
         must not be null"
    );
    assert_eq!(
        native(r#"{"a":{}}"#, need).unwrap_err(),
        "Malformed input request: #/a: required key [b] not found, please reformat your input and \
         try again."
    );
}

#[test]
fn a_wrong_type_is_named_with_its_path() {
    type Reader = fn(Node<'_>) -> Result<(), WireError>;
    let readers: [(&str, Reader); 6] = [
        ("a string", |node| node.text().map(|_| ())),
        ("an integer", |node| node.integer(0, 9).map(|_| ())),
        ("a number", |node| node.number(0.0, 9.0).map(|_| ())),
        ("a boolean", |node| node.boolean().map(|_| ())),
        ("a list", |node| node.items().map(|_| ())),
        ("an object", |node| node.read(|_| Ok(()))),
    ];
    let values = [
        (r#""x""#, "a string"),
        ("1", "an integer"),
        ("1.5", "a number with a fraction or exponent"),
        ("true", "a boolean"),
        ("[]", "a list"),
        ("{}", "an object"),
    ];
    for (expected, reader) in readers {
        for (json, found) in values {
            let body = format!(r#"{{"m":[0,{{"t":{json}}}]}}"#);
            let value = parse(body.as_bytes()).unwrap();
            let result = Node::root(&value, Wording::Native).read(|fields| {
                let second = fields.require("m")?.items()?.nth(1);
                second.map_or(Ok(()), |item| item.read(|item| reader(item.require("t")?)))
            });
            let fits = expected == found || (expected == "a number" && json.starts_with('1'));
            if fits {
                assert_eq!(result, Ok(()), "{expected} {json}");
            } else {
                let message = result.unwrap_err().message;
                assert_eq!(message, format!("m.1.t: expected {expected}, found {found}"));
            }
        }
    }
}

#[test]
fn numbers_out_of_range_are_refused_with_their_bound() {
    let cases = [
        ("-1", "-1 is not greater or equal to 1"),
        ("0", "0 is not greater or equal to 1"),
        ("11", "11 is not less or equal to 10"),
        ("18446744073709551615", "18446744073709551615 is not less or equal to 10"),
        ("-9223372036854775808", "-9223372036854775808 is not greater or equal to 1"),
    ];
    for (number, expected) in cases {
        let body = format!(r#"{{"n":{number}}}"#);
        let integer = native(&body, |fields| fields.integer("n", 1, 10)).unwrap_err();
        assert_eq!(
            integer,
            format!(
                "Malformed input request: #/n: {expected}, please reformat your input and try again."
            )
        );
        let float = native(&body, |fields| fields.number("n", 1.0, 10.0)).unwrap_err();
        assert_eq!(float, integer);
    }
    assert_eq!(
        read(r#"{"a":1.5}"#, Wording::Modelled, |fields| fields.number("a", 0.0, 1.0)),
        Err(
            "1 validation error detected: Value '1.5' at 'a' failed to satisfy constraint: Member \
             must have value less than or equal to 1"
                .to_owned()
        )
    );
    let beyond = native(r#"{"n":18446744073709551616}"#, |fields| fields.integer("n", 1, 10));
    assert_eq!(
        beyond.unwrap_err(),
        "n: expected an integer, found a number with a fraction or exponent"
    );
    let whole = native(r#"{"n":10}"#, |fields| fields.integer("n", 1, 10));
    assert_eq!(whole, Ok(Some(10)));
    assert!(native(r#"{"n":1e300}"#, |fields| fields.number("n", 0.0, 1.0)).is_err());
    assert!(native(r#"{"n":-1e300}"#, |fields| fields.number("n", 0.0, 1.0)).is_err());
}

#[test]
fn texts_have_lengths_in_characters() {
    let text = |body: &str| {
        native(body, |fields| fields.require("t")?.text_within(1, 3).map(str::to_owned))
    };
    assert_eq!(text(r#"{"t":"äöü"}"#), Ok("äöü".to_owned()));
    assert!(text(r#"{"t":"äöüx"}"#).unwrap_err().contains("#/t: expected maximum length: 3"));
    assert!(text(r#"{"t":""}"#).unwrap_err().contains("expected minimum length: 1, actual: 0"));
}

#[test]
fn names_and_words_are_checked() {
    let name = |body: &str| {
        read(body, Wording::Modelled, |fields| {
            fields.require("n")?.name(8, "_-").map(str::to_owned)
        })
    };
    assert_eq!(name(r#"{"n":"a_b-9"}"#), Ok("a_b-9".to_owned()));
    for bad in ["", "a b", "ä", "a.b", "123456789"] {
        assert!(name(&format!(r#"{{"n":"{bad}"}}"#)).is_err(), "{bad}");
    }
    assert_eq!(
        read(r#"{"w":"c"}"#, Wording::Modelled, |fields| {
            fields.require("w")?.word(&[("a", 1), ("b", 2)])
        }),
        Err("1 validation error detected: Value 'c' at 'w' failed to satisfy constraint: Member \
             must satisfy enum value set: [a, b]"
            .to_owned())
    );
}

#[test]
fn a_union_has_exactly_one_member() {
    let member =
        |body: &str| native(body, |fields| Ok(fields.require("u")?.member(&["a", "b"])?.0));
    assert_eq!(member(r#"{"u":{"b":1}}"#), Ok("b"));
    assert_eq!(member(r#"{"u":{"b":1,"a":null}}"#), Ok("b"));
    assert_eq!(
        member(r#"{"u":{"b":1,"a":1}}"#).unwrap_err(),
        "u: exactly one of [a, b] must be set, found [a, b]"
    );
    assert_eq!(
        member(r#"{"u":{}}"#).unwrap_err(),
        "u: exactly one of [a, b] must be set, found []"
    );
    assert!(member(r#"{"u":{"a":1,"c":1}}"#).unwrap_err().contains("extraneous key [c]"));
}

#[test]
fn a_body_of_very_many_values_is_refused_and_a_long_text_is_not() {
    let list = |item: &str, count: usize| format!("[{}]", vec![item; count].join(","));
    for item in ["[]", "1", "{\"k\":\"\\\\\"}"] {
        let message = parse(list(item, 500_001).as_bytes()).unwrap_err().message;
        assert!(message.contains("more than 500000 JSON values"), "{item}: {message}");
    }
    assert!(parse(list("1", 499_000).as_bytes()).is_ok());
    let text = format!("[\"{}\"]", r#",[{\"\\"#.repeat(600_000));
    assert!(parse(text.as_bytes()).is_ok(), "what stands inside a text is not counted");
}
