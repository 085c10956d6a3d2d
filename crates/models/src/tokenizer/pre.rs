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
const CJK: (&str, Tail) = (r"[\u{4E00}-\u{9FA5}\u{3040}-\u{309F}\u{30A0}-\u{30FF}]+", Tail::Keep);
const CJK_HANGUL: (&str, Tail) =
    (r"[\u{4E00}-\u{9FA5}\u{800}-\u{4E00}\u{AC00}-\u{D7FF}]+", Tail::Keep);

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
/// Words of cased letters. Written as escapes: some of these letters look like others.
const LATIN_WORDS: (&str, Tail) = (
    concat!(
        r"\s?[A-Za-z\u{B5}\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{1BA}\u{1BC}-\u{1BF}\u{1C4}-",
        r"\u{293}\u{295}-\u{2AF}\u{370}-\u{373}\u{376}\u{377}\u{37B}-\u{37D}\u{37F}\u{386}",
        r"\u{388}-\u{38A}\u{38C}\u{38E}-\u{3A1}\u{3A3}-\u{3F5}\u{3F7}-\u{481}\u{48A}-\u{52F}",
        r"\u{531}-\u{556}\u{10A0}-\u{10C5}\u{13A0}-\u{13F5}\u{13F8}-\u{13FD}\u{1C90}-\u{1CBA}",
        r"\u{1CBD}-\u{1CBF}\u{1D00}-\u{1D2B}\u{1D6B}-\u{1D77}\u{1D79}-\u{1D9A}\u{1E00}-",
        r"\u{1F15}\u{1F18}-\u{1F1D}\u{1F20}-\u{1F45}\u{1F48}-\u{1F4D}\u{1F50}-\u{1F57}\u{1F59}",
        r"\u{1F5B}\u{1F5D}\u{1F5F}-\u{1F7D}\u{1F80}-\u{1FB4}\u{1FB6}-\u{1FBC}\u{1FBE}\u{1FC2}-",
        r"\u{1FC4}\u{1FC6}-\u{1FCC}\u{1FD0}-\u{1FD3}\u{1FD6}-\u{1FDB}\u{1FE0}-\u{1FEC}\u{1FF2}",
        r"-\u{1FF4}\u{1FF6}-\u{1FFC}\u{2102}\u{2107}\u{210A}-\u{2113}\u{2115}\u{2119}-\u{211D}",
        r"\u{2124}\u{2126}\u{2128}\u{212A}-\u{212D}\u{212F}-\u{2134}\u{2139}\u{213C}-\u{213F}",
        r"\u{2145}-\u{2149}\u{214E}\u{2183}\u{2184}\u{2C00}-\u{2C7B}\u{2C7E}-\u{2CE4}\u{2CEB}-",
        r"\u{2CEE}\u{2CF2}\u{2CF3}\u{A640}-\u{A66D}\u{A680}-\u{A69B}\u{A722}-\u{A76F}\u{A771}-",
        r"\u{A787}\u{A78B}-\u{A78E}\u{AB70}-\u{ABBF}\u{FB00}-\u{FB06}\u{FB13}-\u{FB17}\u{FF21}",
        r"-\u{FF3A}\u{FF41}-\u{FF5A}\u{10400}-\u{1044F}\u{104B0}-\u{104D3}\u{104D8}-\u{104FB}",
        r"\u{10C80}-\u{10CB2}\u{10CC0}-\u{10CF2}\u{118A0}-\u{118DF}\u{1E900}-\u{1E943}]+",
    ),
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
const BLOOM: (&str, Tail) =
    (r" ?[^(\s|.,!?\u{2026}\u{3002}\u{FF0C}\u{3001}\u{964}\u{6D4}\u{60C})]+", Tail::Keep);

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
            (
                r"\s?[!-/:-~\u{FF01}-\u{FF0F}\u{FF1A}-\u{FF5E}\u{2018}-\u{201F}\u{3000}-\u{3002}]+",
                Tail::Keep,
            ),
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
