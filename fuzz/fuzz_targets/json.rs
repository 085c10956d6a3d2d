//! Changes of a JSON text that leave it JSON.

use std::sync::LazyLock;

use serde_json::{Map, Value};

/// Keys and values that the readers know.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let lines = include_str!("../dict/bodies.dict").lines();
    lines.filter_map(|line| line.strip_prefix('"')?.strip_suffix('"')).collect()
});

/// Values at and beyond the usual bounds.
const VALUES: &str = r#"[null, true, false, 0, 1, -1, 2, 0.5, 1.0, 1e300, -0.0, 4096, 2147483648, 18446744073709551615, "", " ",
    "a", "\u0000", "é€🦀", [], {}, [{}], [[]], {"type": "object"}, {"text": "a"}, {"type": "text", "text": "a"}, "YQ=="]"#;
static USUAL: LazyLock<Vec<Value>> =
    LazyLock::new(|| serde_json::from_str(VALUES).expect("a list of values"));

/// Marsaglia's xorshift: the fuzzer wants the same change for the same seed.
struct Draw(u32);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }
}

/// One to four changes; `None` if the text is no JSON.
pub(crate) fn changed(text: &[u8], seed: u32) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(text).ok()?;
    let mut draw = Draw(seed.wrapping_mul(0x9E37_79B9) | 1);
    for _ in 0..=draw.below(4) {
        change(&mut value, &mut draw);
    }
    serde_json::to_vec(&value).ok()
}

fn change(root: &mut Value, draw: &mut Draw) {
    let count = nodes(root);
    let other = node(root, &mut draw.below(count)).cloned().unwrap_or_default();
    let Some(place) = node(root, &mut draw.below(count)) else { return };
    match (draw.below(3), place) {
        (0, Value::Object(map)) => change_map(map, other, draw),
        (0, Value::Array(list)) => change_list(list, other, draw),
        (0, Value::String(text)) => *text = WORDS[draw.below(WORDS.len())].to_owned(),
        (1, place) => *place = USUAL[draw.below(USUAL.len())].clone(),
        (_, place) => *place = other,
    }
}

fn change_map(map: &mut Map<String, Value>, other: Value, draw: &mut Draw) {
    let word = WORDS[draw.below(WORDS.len())].to_owned();
    let key =
        (!map.is_empty()).then(|| draw.below(map.len())).and_then(|at| map.keys().nth(at).cloned());
    match (draw.below(3), key) {
        (0, Some(key)) => drop(map.shift_remove(&key)),
        (1, Some(key)) => {
            let value = map.shift_remove(&key).unwrap_or_default();
            map.insert(word, value);
        }
        _ => drop(map.insert(word, other)),
    }
}

fn change_list(list: &mut Vec<Value>, other: Value, draw: &mut Draw) {
    let (at, to) = (draw.below(list.len() + 1), draw.below(list.len().max(1)));
    match draw.below(4) {
        0 if at < list.len() => drop(list.remove(at)),
        1 if at < list.len() => list.swap(at, to),
        2 if at < list.len() => list.insert(to, list[at].clone()),
        _ => list.insert(at, other),
    }
}

fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(nodes).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

/// The value that is reached after `left` others.
fn node<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|value| node(value, left)),
        Value::Object(map) => map.values_mut().find_map(|value| node(value, left)),
        _ => None,
    }
}
