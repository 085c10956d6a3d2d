//! What forced tokens gain: the same answers under one schema, with the tokens that the schema settles appended without
//! being sampled, and with every token sampled from a mask. Both give the same tokens, which is checked.

use std::time::Duration;

use engine::{Constraint, TokenId};
use serde_json::json;

use crate::Failure;
use crate::inside::{InProcess, Wanted};

const SEEDS: u64 = 60;
const MAX_TOKENS: usize = 600;

/// A record as applications ask for one: names settled, values free.
fn body() -> serde_json::Value {
    let schema = json!({
        "type": "object",
        "properties": {
            "customer_name": {"type": "string", "maxLength": 30},
            "delivery_city": {"type": "string", "maxLength": 30},
            "order_total": {"type": "number", "minimum": 0, "maximum": 10_000},
            "currency": {"enum": ["EUR", "CHF", "USD"]},
            "payment_status": {"enum": ["paid", "open", "refunded"]},
            "is_priority": {"type": "boolean"},
        },
        "required": [
            "customer_name", "delivery_city", "order_total", "currency", "payment_status", "is_priority",
        ],
        "additionalProperties": false,
    });
    json!({
        "messages": [{"role": "user", "content": [{"text": "Nora in Bern paid 40 francs for a lamp."}]}],
        "outputConfig": {"textFormat": {
            "type": "json_schema",
            "structure": {"jsonSchema": {"name": "order", "schema": schema.to_string()}},
        }},
    })
}

/// The same restriction, of which every token is sampled.
struct Sampled(Box<dyn Constraint>);

impl Constraint for Sampled {
    fn mask(&mut self, allowed: &mut [u64]) {
        self.0.mask(allowed);
    }

    fn accept(&mut self, token: TokenId) {
        self.0.accept(token);
    }

    fn roll_back(&mut self, count: usize) {
        self.0.roll_back(count);
    }

    fn forced(&mut self) -> Vec<TokenId> {
        Vec::new()
    }
}

pub(crate) fn measure() -> Result<(), Failure> {
    let engine = InProcess::start()?;
    let request = bedrock::converse::parse_request(body().to_string().as_bytes());
    let request = request.map_err(|error| error.to_string())?;
    let prompt = engine.prompt(&request)?;
    let (mut times, mut steps, mut tokens) = ([Duration::ZERO; 2], [0, 0], 0);
    // The first pair compiles the schema and fills the prefix cache.
    for seed in 0..=SEEDS {
        let mut answers = [Vec::new(), Vec::new()];
        // Each goes first half of the time.
        for way in if seed % 2 == 0 { [0, 1] } else { [1, 0] } {
            let mut constraints = engine.chat.constraints(&request)?;
            if way == 1 {
                constraints =
                    constraints.into_iter().map(|inner| Box::new(Sampled(inner)) as _).collect();
            }
            let before = engine.handle.counters().steps;
            let wanted = Wanted { seed, max_tokens: MAX_TOKENS, constraints };
            let (answer, time) = engine.answer(&prompt, wanted)?;
            if seed > 0 {
                times[way] += time;
                steps[way] += engine.handle.counters().steps - before;
            }
            answers[way] = answer;
        }
        if answers[0] != answers[1] {
            return Err(format!("seed {seed}: forced and sampled answers differ").into());
        }
        tokens += if seed > 0 { answers[0].len() } else { 0 };
    }
    let ms =
        |way: usize| times[way].as_secs_f64() * 1e3 / f64::from(u32::try_from(SEEDS).unwrap_or(1));
    println!(
        "forced tokens: {:.2} ms an answer forced, {:.2} ms sampled: {:.2} times as fast; {} and {} steps for {tokens} \
         tokens in {SEEDS} equal answers",
        ms(0),
        ms(1),
        ms(1) / ms(0),
        steps[0],
        steps[1],
    );
    Ok(())
}
