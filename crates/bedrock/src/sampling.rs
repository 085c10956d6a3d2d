//! Values of sampling parameters that are more than a number. Which body has them where: see [`crate::parameters`].

use crate::error::WireError;
use crate::json::{Fields, Node};

/// Largest `top_k`: beyond any vocabulary.
pub(crate) const TOP_K_MAX: u32 = 1_000_000;
/// Most entries of `logit_bias`.
const LOGIT_BIAS_MAX: usize = 1024;
/// Most alternatives of log-probabilities.
pub(crate) const TOP_LOGPROBS_MAX: u32 = 20;
/// Most candidates a step of an explanation.
pub(crate) const EXPLAIN_MAX: u32 = 20;

/// Token id (as text, the only kind of key that JSON has) to a bias in −100 to 100.
pub(crate) fn logit_bias(node: &Node<'_>) -> Result<Vec<(u32, f32)>, WireError> {
    if node.object()?.len() > LOGIT_BIAS_MAX {
        return Err(node.error(format_args!("at most {LOGIT_BIAS_MAX} entries are allowed")));
    }
    node.entries()?
        .map(|(key, bias)| {
            let token = key.parse::<u32>().ok().filter(|id| id.to_string() == key);
            let token =
                token.ok_or_else(|| node.error("keys must be token ids, for example \"42\""))?;
            Ok((token, bias.number(-100.0, 100.0)?))
        })
        .collect()
}

/// Reads `logprobs` (a boolean, or the number of alternatives) and `top_logprobs`.
pub(crate) fn read_logprobs(fields: &mut Fields<'_>) -> Result<Option<u32>, WireError> {
    let wanted = match fields.take("logprobs") {
        None => None,
        Some(node) if node.value().is_boolean() => node.boolean()?.then_some(None),
        Some(node) => Some(Some(node.integer_u32(0, TOP_LOGPROBS_MAX)?)),
    };
    let top = fields.take("top_logprobs");
    let count = top.as_ref().map(|node| node.integer_u32(0, TOP_LOGPROBS_MAX)).transpose()?;
    match (wanted, top.zip(count)) {
        (None, None) => Ok(None),
        (None, Some((top, _))) => Err(top.error("needs logprobs to be true")),
        (Some(None), count) => Ok(Some(count.map_or(0, |(_, count)| count))),
        (Some(Some(number)), None) => Ok(Some(number)),
        (Some(Some(number)), Some((_, count))) if number == count => Ok(Some(number)),
        (Some(Some(number)), Some((top, _))) => {
            Err(top.error(format_args!("does not agree with logprobs, which is {number}")))
        }
    }
}

/// Reads stop sequences: at most `max` texts, none empty.
pub(crate) fn read_stops(node: &Node<'_>, max: usize) -> Result<Vec<String>, WireError> {
    node.items_within(0, max)?.map(|item| Ok(item.text_within(1, usize::MAX)?.to_owned())).collect()
}
