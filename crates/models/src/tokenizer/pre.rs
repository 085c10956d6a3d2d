//! Pre-tokenizers: how a text is cut into words before merging, one row per name in `tokenizer.ggml.pre`.
//!
//! The patterns are those of llama.cpp's `llm_tokenizer_bpe`, written for an engine without look-ahead and therefore
//! linear in time: where a pattern ends in `\s+(?!\S)|\s+`, a row has `\s+` and a rule for its tail.

use regex::Regex;

use super::TokenizerError;

/// How words of a vocabulary are cut, and what else its name implies.
pub(super) struct Rules {
    stages: Vec<(Regex, Tail)>,
    /// A word that is a token as a whole is not merged up.
    pub(super) ignore_merges: bool,
    /// Whether a prompt starts with BOS where the file does not say.
    pub(super) add_bos: bool,
}

/// What becomes of a match that is white space and stands before a word.
#[derive(Clone, Copy, PartialEq)]
enum Tail {
    /// It stays as it is.
    Keep,
    /// Its last character goes to what follows: `\s+(?!\S)`.
    Give,
    /// The same, unless it ends in a line break (then `\s*[\r\n]+` matched).
    GiveUnlessLineBreak,
}

struct Row {
    names: &'static [&'static str],
    stages: &'static [(&'static str, Tail)],
    ignore_merges: bool,
    add_bos: bool,
}

const fn row(names: &'static [&'static str], stages: &'static [(&'static str, Tail)]) -> Row {
    Row { names, stages, ignore_merges: false, add_bos: false }
}

const GPT2: (&str, Tail) =
    (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+", Tail::Give);
const DIGIT: (&str, Tail) = (r"\p{N}", Tail::Keep);
const DIGITS: (&str, Tail) = (r"\p{N}+", Tail::Keep);
const THREE_DIGITS: (&str, Tail) = (r"\p{N}{1,3}", Tail::Keep);
const THREE_ASCII_DIGITS: (&str, Tail) = ("[0-9][0-9][0-9]", Tail::Keep);
const LINE_BREAK: (&str, Tail) = (r"[\r\n]", Tail::Keep);
const CJK: (&str, Tail) = ("[一-龥぀-ゟ゠-ヿ]+", Tail::Keep);
const CJK_HANGUL: (&str, Tail) = ("[一-龥ࠀ-一가-퟿]+", Tail::Keep);

/// `'s|'t|…` in either case.
macro_rules! suffix {
    () => {
        "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
    };
}
/// Optional non-letter, capitals, small letters: the two word patterns of GPT-4o and its kin.
macro_rules! cased {
    ($suffix:expr) => {
        concat!(
            r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+",
            $suffix,
            r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*",
            $suffix
        )
    };
}

const LLAMA3: (&str, Tail) = (
    concat!(
        suffix!(),
        r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"
    ),
    Tail::GiveUnlessLineBreak,
);
const QWEN2: (&str, Tail) = (
    concat!(suffix!(), r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"),
    Tail::GiveUnlessLineBreak,
);
const QWEN35: (&str, Tail) = (
    concat!(
        suffix!(),
        r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"
    ),
    Tail::GiveUnlessLineBreak,
);
const DEEPSEEK3: (&str, Tail) = (
    concat!(
        r"[!-/:-@\[-`{-~][A-Za-z]+",
        r"|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+"
    ),
    Tail::GiveUnlessLineBreak,
);
const LATIN_WORDS: (&str, Tail) = (
    "\\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗ\
     ὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿ\
     ﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+",
    Tail::Keep,
);
const TEKKEN: (&str, Tail) = (
    concat!(cased!(""), r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+"),
    Tail::GiveUnlessLineBreak,
);
const GPT4O: (&str, Tail) = (
    concat!(
        cased!("(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])?"),
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+"
    ),
    Tail::GiveUnlessLineBreak,
);
const BAILING: (&str, Tail) = (
    concat!(
        "'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])",
        r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]|\s+"
    ),
    Tail::GiveUnlessLineBreak,
);
const SEED: (&str, Tail) = (
    concat!(suffix!(), r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+"),
    Tail::GiveUnlessLineBreak,
);
const EXAONE_MOE: (&str, Tail) = (
    concat!(
        suffix!(),
        r"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+",
        r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+"
    ),
    Tail::GiveUnlessLineBreak,
);
const MINICPM5: (&str, Tail) = (
    concat!(
        suffix!(),
        r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"
    ),
    Tail::GiveUnlessLineBreak,
);
const BLOOM: (&str, Tail) = (r" ?[^(\s|.,!?…。，、।۔،)]+", Tail::Keep);

const ROWS: &[Row] = &[
    row(&["default"], &[(r"[\p{P}$+<=>^~|]+", Tail::Keep), GPT2, DIGITS, THREE_ASCII_DIGITS]),
    Row {
        names: &[
            "llama3",
            "llama-v3",
            "llama-bpe",
            "falcon3",
            "falcon-h1",
            "pixtral",
            "midm-2.0",
            "lfm2",
        ],
        stages: &[LLAMA3],
        ignore_merges: true,
        add_bos: true,
    },
    row(&["dbrx", "smaug-bpe", "chatglm-bpe"], &[LLAMA3]),
    Row { names: &["glm4", "glm5"], stages: &[LLAMA3], ignore_merges: true, add_bos: false },
    Row {
        names: &["minicpm5"],
        stages: &[THREE_DIGITS, MINICPM5],
        ignore_merges: true,
        add_bos: false,
    },
    row(
        &["deepseek-llm"],
        &[
            LINE_BREAK,
            LATIN_WORDS,
            (r"\s?[!-/:-~！-／：-～‘-‟　-。]+", Tail::Keep),
            (r"\s+$", Tail::Keep),
            CJK_HANGUL,
            DIGITS,
        ],
    ),
    row(
        &["deepseek-coder"],
        &[LINE_BREAK, (r"\s?\p{L}+", Tail::Keep), (r"\s?\p{P}+", Tail::Keep), CJK_HANGUL, DIGIT],
    ),
    row(&["deepseek-v3", "hunyuan-dense", "hy_v4", "joyai-llm"], &[THREE_DIGITS, CJK, DEEPSEEK3]),
    row(&["falcon"], &[(r"[\p{P}$+<=>^~|`]+", Tail::Keep), GPT2, THREE_ASCII_DIGITS]),
    row(
        &[
            "starcoder",
            "refact",
            "command-r",
            "smollm",
            "codeshell",
            "exaone",
            "minerva-7b",
            "mellum2",
        ],
        &[DIGIT, GPT2],
    ),
    row(
        &[
            "gpt-2",
            "phi-2",
            "jina-es",
            "jina-de",
            "gigachat",
            "jina-v2-es",
            "jina-v2-de",
            "a.x-4.0",
            "mellum",
            "modern-bert",
            "exaone4",
            "mpt",
            "olmo",
            "jais",
            "trillion",
            "granite-docling",
        ],
        &[GPT2],
    ),
    row(
        &[
            "qwen2",
            "deepseek-r1-qwen",
            "kormo",
            "f2llmv2",
            "megrez",
            "stablelm2",
            "hunyuan",
            "solar-open",
            "grok-2",
        ],
        &[QWEN2],
    ),
    row(&["qwen35"], &[QWEN35]),
    row(&["laguna"], &[(r"[^\n]+|[\n]+", Tail::Keep), QWEN2]),
    row(&["poro-chat", "bloom", "gpt3-finnish"], &[BLOOM]),
    row(&["viking"], &[BLOOM, DIGIT]),
    Row { names: &["tekken"], stages: &[TEKKEN], ignore_merges: true, add_bos: true },
    row(&["gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"], &[GPT4O]),
    row(&["bailingmoe", "bailingmoe2", "llada-moe"], &[BAILING]),
    row(&["seed-coder"], &[SEED]),
    row(&["exaone-moe"], &[EXAONE_MOE]),
];

/// The rules of this name.
pub(super) fn find(name: &str) -> Result<Rules, TokenizerError> {
    let unknown = || TokenizerError::UnknownPre(name.to_owned());
    let row = ROWS.iter().find(|row| row.names.contains(&name)).ok_or_else(unknown)?;
    let stages: Result<Vec<_>, _> = row
        .stages
        .iter()
        .map(|(pattern, tail)| Regex::new(pattern).map(|re| (re, *tail)))
        .collect();
    Ok(Rules {
        stages: stages.map_err(|_| unknown())?,
        ignore_merges: row.ignore_merges,
        add_bos: row.add_bos,
    })
}

impl Rules {
    /// Gives the words of a text, in order; together they are the text.
    pub(super) fn split<'t>(&self, text: &'t str, word: &mut dyn FnMut(&'t str)) {
        split_stage(&self.stages, text, word);
    }
}

/// Matches and the gaps between them are pieces; each goes through the stages that are left.
fn split_stage<'t>(stages: &[(Regex, Tail)], text: &'t str, word: &mut dyn FnMut(&'t str)) {
    let Some(((regex, tail), rest)) = stages.split_first() else {
        if !text.is_empty() {
            word(text);
        }
        return;
    };
    let mut done = 0;
    while let Some(found) = regex.find_at(text, done) {
        if found.is_empty() {
            break;
        }
        let end = found.start() + keep(*tail, found.as_str(), found.end() == text.len());
        split_stage(rest, &text[done..found.start()], word);
        split_stage(rest, &text[found.start()..end], word);
        done = end;
    }
    split_stage(rest, &text[done..], word);
}

/// How many bytes of a match stay with it.
fn keep(tail: Tail, found: &str, at_end: bool) -> usize {
    let Some(last) = found.chars().next_back() else { return 0 };
    let given = match tail {
        Tail::Keep => false,
        Tail::Give => last.is_whitespace(),
        Tail::GiveUnlessLineBreak => last.is_whitespace() && !matches!(last, '\r' | '\n'),
    };
    if at_end || !given || found.len() == last.len_utf8() {
        found.len()
    } else {
        found.len() - last.len_utf8()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_compiles_and_loses_nothing() {
        let text = "I'll  go\n\n  to 12345 São Paulo's «北京», ok?!\t\t x\r\n \u{a0}안녕 'S 3½ ";
        for name in ROWS.iter().flat_map(|row| row.names) {
            let rules = find(name).unwrap();
            let mut joined = String::new();
            rules.split(text, &mut |word| joined.push_str(word));
            assert_eq!(joined, text, "{name}");
        }
        assert!(
            matches!(find("nonsense"), Err(TokenizerError::UnknownPre(name)) if name == "nonsense")
        );
    }

    #[test]
    fn white_space_gives_its_last_character_to_the_word() {
        let words = |name: &str, text| {
            let mut words = Vec::new();
            find(name).unwrap().split(text, &mut |word| words.push(word));
            words
        };
        assert_eq!(words("gpt-2", "a  b"), ["a", " ", " b"]);
        assert_eq!(words("gpt-2", "a\n\nb"), ["a", "\n", "\n", "b"]);
        assert_eq!(words("llama-bpe", "a\n\nb"), ["a", "\n\n", "b"]);
        assert_eq!(words("llama-bpe", "a \n  b  "), ["a", " \n", " ", " b", "  "]);
        assert_eq!(words("smollm", "in 2024 x"), ["in", " ", "2", "0", "2", "4", " x"]);
        assert_eq!(words("qwen2", "It'S 12"), ["It", "'S", " ", "1", "2"]);
    }
}
