//! Every parameter of every family: its bounds hold, the engine is given what was sent, absent is what the table says, and
//! the documentation says the same.

#[path = "parameters/markdown.rs"]
mod markdown;

#[cfg(test)]
mod laws {
    use bedrock::canonical::Request;
    use bedrock::families::{self, Invocation};
    use bedrock::family::Family;
    use bedrock::parameters::{ABOVE_ZERO, Absent, Kind, Number, Parameter, Parameters, Whole};
    use serde_json::{Value, json};

    /// The least body of a family.
    fn least(family: Family) -> Value {
        let messages = json!([{"role": "user", "content": "hi"}]);
        match family {
            Family::AnthropicMessages => {
                json!({"anthropic_version": "x", "max_tokens": 1, "messages": messages})
            }
            Family::Nova => json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}),
            Family::TitanText => json!({"inputText": "hi"}),
            Family::CohereCommand => json!({"message": "hi"}),
            Family::OpenAiCompletion => json!({"prompt": "hi", "max_tokens": 1}),
            Family::MetaLlama
            | Family::MistralText
            | Family::DeepSeek
            | Family::ImportedCompletion => json!({"prompt": "hi"}),
            _ => json!({"messages": messages}),
        }
    }

    struct Cell {
        family: Family,
        models: &'static str,
        group: Option<&'static str>,
        row: &'static Parameter,
    }

    /// The family's own rows, and the common ones beside them.
    fn cells() -> Vec<Cell> {
        let cells = |(family, parameters): (Family, &'static Parameters)| {
            let models = parameters.models;
            let own = parameters.rows.iter().map(move |row| (parameters.group, row));
            let all = own.chain(parameters.common().map(|row| (None, row)));
            all.map(move |(group, row)| Cell { family, models, group, row }).collect::<Vec<_>>()
        };
        families::parameters().flat_map(cells).collect()
    }

    impl Cell {
        fn name(&self) -> String {
            let group = self.group.map_or_else(String::new, |group| format!("{group}/"));
            format!("#/{group}{}", self.row.name)
        }

        fn body(&self, key: &str, value: &Value) -> Value {
            let mut body = least(self.family);
            match self.group {
                Some(group) => body[group] = json!({key: value}),
                None => body[key] = value.clone(),
            }
            body
        }

        fn parse(&self, body: &Value) -> Result<Request, String> {
            let invocation = Invocation { streaming: Some(false), model_id: Some(self.models) };
            let read =
                families::parse_invocation(self.family, body.to_string().as_bytes(), invocation);
            read.map_err(|error| error.message)
        }

        /// What the engine is given if the body says `value`, under any of the keys.
        fn carries(&self, value: &Value, expected: &Value) {
            for key in [Some(self.row.name), self.row.older].into_iter().flatten() {
                let body = self.body(key, value);
                let request = self.parse(&body).unwrap_or_else(|error| panic!("{body}: {error}"));
                assert_eq!(&carried(self.row, &request), expected, "{body}");
            }
        }

        fn refuses(&self, value: &Value) {
            let body = self.body(self.row.name, value);
            let dotted = self.name()[2..].replace('/', ".");
            match self.parse(&body) {
                Ok(request) => panic!("{body} was read as {request:?}"),
                Err(message) => assert!(
                    message.contains(&self.name()) || message.contains(&dotted),
                    "{body}: {message}"
                ),
            }
        }
    }

    /// As JSON: what a request has of a parameter.
    fn carried(row: &Parameter, request: &Request) -> Value {
        let sampling = &request.sampling;
        match row.kind {
            Kind::Number { sets, .. } => {
                let number = match sets {
                    Number::Temperature => sampling.temperature,
                    Number::TopP => sampling.top_p,
                    Number::MinP => sampling.min_p,
                    Number::PresencePenalty => sampling.presence_penalty,
                    Number::FrequencyPenalty => sampling.frequency_penalty,
                    Number::RepetitionPenalty => sampling.repetition_penalty,
                };
                json!(number)
            }
            Kind::Whole { sets: Whole::MaxTokens, .. } => json!(request.max_tokens),
            Kind::Whole { sets: Whole::TopK, .. } => json!(sampling.top_k),
            Kind::Whole { sets: Whole::Choices, .. } => json!(request.choices),
            Kind::Seed => json!(sampling.seed),
            Kind::Stops { .. } => json!(request.stop_sequences),
            Kind::LogitBias => json!(sampling.logit_bias),
            Kind::Logprobs | Kind::LogprobCount => json!(sampling.logprobs),
            Kind::Explain => json!(sampling.explain),
        }
    }

    /// As a client writes it: the shortest decimal that reads back the same.
    fn decimal(number: f32) -> Value {
        json!(number.to_string().parse::<f64>().unwrap())
    }

    fn check_number(cell: &Cell, (min, max): (f32, f32)) {
        for within in [min, min + (max - min) / 2.0, max] {
            cell.carries(&decimal(within), &json!(within));
        }
        let below = if min == ABOVE_ZERO { 0.0 } else { min - 0.001 };
        cell.refuses(&decimal(below));
        cell.refuses(&decimal(max + 0.001));
        cell.refuses(&json!("1"));
    }

    fn check_whole(cell: &Cell, (min, max): (u32, u32)) {
        for within in [min, min + (max - min) / 2, max] {
            cell.carries(&json!(within), &json!(within));
        }
        cell.refuses(&json!(i64::from(min) - 1));
        cell.refuses(&json!(u64::from(max) + 1));
        cell.refuses(&json!(1.5));
    }

    fn check_stops(cell: &Cell, most: usize, alone: bool) {
        for count in [0, 1, most / 2, most] {
            let texts: Vec<String> = (0..count).map(|index| format!("stop {index}")).collect();
            cell.carries(&json!(texts), &json!(texts));
        }
        cell.refuses(&json!(vec!["x"; most + 1]));
        cell.refuses(&json!([""]));
        if alone {
            cell.carries(&json!("END"), &json!(["END"]));
        } else {
            cell.refuses(&json!("END"));
        }
    }

    #[test]
    fn every_parameter_carries_exactly_what_is_within_its_range_and_refuses_the_rest_by_name() {
        let cells = cells();
        assert!(cells.len() > 150, "{}", cells.len());
        for cell in &cells {
            match cell.row.kind {
                Kind::Number { range, .. } => check_number(cell, range),
                Kind::Whole { range, .. } => check_whole(cell, range),
                Kind::Seed => {
                    for seed in [0, 1 << 40, u64::MAX] {
                        cell.carries(&json!(seed), &json!(seed));
                    }
                    cell.refuses(&json!(-1));
                    cell.refuses(&json!(0.5));
                }
                Kind::Stops { most, alone } => check_stops(cell, most, alone),
                Kind::LogitBias => {
                    let bias = json!({"7": -100, "9": 0.5, "11": 100});
                    cell.carries(&bias, &json!([[7, -100.0], [9, 0.5], [11, 100.0]]));
                    cell.refuses(&json!({"7": 101}));
                    cell.refuses(&json!({"seven": 1}));
                }
                Kind::Logprobs | Kind::LogprobCount => {
                    for count in [0, 10, 20] {
                        cell.carries(&json!(count), &json!(count));
                    }
                    cell.refuses(&json!(21));
                }
                Kind::Explain => check_whole(cell, (1, 20)),
            }
        }
    }

    #[test]
    fn an_absent_parameter_is_what_the_table_says() {
        for cell in cells() {
            let body = least(cell.family);
            let absent = match cell.row.kind {
                Kind::Number { absent, .. } => expected(absent, json!(null)),
                Kind::Whole { sets: Whole::Choices, absent, .. } => expected(absent, json!(1)),
                Kind::Whole { absent, .. } => expected(absent, json!(null)),
                Kind::Stops { .. } | Kind::LogitBias => Some(json!([])),
                Kind::Seed | Kind::Logprobs | Kind::LogprobCount | Kind::Explain => {
                    Some(json!(null))
                }
            };
            match absent {
                Some(absent) => {
                    let request = cell.parse(&body).unwrap();
                    assert_eq!(carried(cell.row, &request), absent, "{body} {:?}", cell.row);
                    // The same for an empty group.
                    if let Some(group) = cell.group {
                        let mut body = body;
                        body[group] = json!({});
                        assert_eq!(carried(cell.row, &cell.parse(&body).unwrap()), absent);
                    }
                }
                None => {
                    let mut body = body;
                    body.as_object_mut().unwrap().remove(cell.row.name);
                    let message = cell.parse(&body).unwrap_err();
                    assert!(message.contains(&format!("[{}]", cell.row.name)), "{message}");
                }
            }
        }
    }

    /// `None` if the parameter must be there.
    fn expected<T: Into<Value>>(absent: Absent<T>, none: Value) -> Option<Value> {
        match absent {
            Absent::Required => None,
            Absent::Model | Absent::Off => Some(none),
            Absent::Is(value) => Some(value.into()),
        }
    }

    #[test]
    fn two_keys_of_one_thing_must_agree() {
        for cell in cells().iter().filter(|cell| cell.row.older.is_some()) {
            let older = cell.row.older.unwrap();
            let both = |one: &Value, other: &Value| {
                let mut body = cell.body(cell.row.name, one);
                match cell.group {
                    Some(group) => body[group][older] = other.clone(),
                    None => body[older] = other.clone(),
                }
                cell.parse(&body)
            };
            assert!(both(&json!(1), &json!(1)).is_ok());
            let message = both(&json!(1), &json!(0)).unwrap_err();
            assert!(
                message.contains(&format!("does not agree with {}", cell.row.name)),
                "{message}"
            );
        }
    }

    #[test]
    fn no_two_rows_of_a_model_set_the_same() {
        for (family, parameters) in families::parameters() {
            let mut sets: Vec<_> = parameters.rows.iter().map(Parameter::sets).collect();
            sets.sort_unstable();
            let all = sets.len();
            sets.dedup();
            assert_eq!(sets.len(), all, "{}", family.name());
        }
    }

    #[test]
    fn no_default_exceeds_what_the_catalogue_lets_a_model_answer() {
        for model in bedrock::catalogue::all().iter().filter(|model| model.generates_text()) {
            let family = model.family().unwrap();
            let body = least(family).to_string();
            let invocation = Invocation { streaming: None, model_id: Some(model.id) };
            let read = families::parse_invocation(family, body.as_bytes(), invocation).unwrap();
            assert!(read.max_tokens <= model.max_output, "{}", model.id);
        }
    }

    #[test]
    fn the_page_says_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/parameters.md");
        let page = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            page == super::markdown::markdown(),
            "docs/parameters.md is stale; write it anew with: \
             cargo run --release -p outcrop-bedrock --example parameters > docs/parameters.md"
        );
    }
}
