//! PATTERNS OF A SCHEMA: the part of ECMA-262's regular expressions that is enforced, in the words of the automaton.
//!
//! The two dialects differ in what `.`, `\s` and `[[:alpha:]]` mean, so nothing is passed on as it stands: every
//! character leaves as itself or as its code, every class as an explicit set. What has no exact counterpart is refused.

/// Most positions a pattern may count to: the sum of its characters, repetitions multiplied out.
const WEIGHT_MAX: u64 = 500;
/// Longest pattern, in bytes.
const BYTES_MAX: usize = 2000;
/// Deepest nesting of groups.
const DEPTH_MAX: usize = 16;

const DIGIT: &str = "0-9";
const WORD: &str = "0-9A-Za-z_";
/// ECMA-262's WhiteSpace and LineTerminator.
const SPACE: &str = "\\x{9}-\\x{D}\\x{20}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}\\x{FEFF}";
/// What `.` does not match.
const LINE_ENDS: &str = "\\x{A}\\x{D}\\x{2028}\\x{2029}";

/// The characters that JSON writes with a short escape, but for the quote and the backslash.
const CONTROLS: [char; 5] = ['\u{8}', '\t', '\n', '\u{C}', '\r'];

/// Why a pattern is not enforced.
type Refusal = String;

/// The pattern in the syntax of the `regex` crate, with the same meaning, and its weight.
///
/// # Errors
/// Says which part is not supported.
pub(super) fn translate(pattern: &str) -> Result<(String, u64), Refusal> {
    if pattern.len() > BYTES_MAX {
        return Err(format!("longer than {BYTES_MAX} bytes"));
    }
    let (rest, starts) = match pattern.strip_prefix('^') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let ends = rest.ends_with('$')
        && rest.chars().rev().skip(1).take_while(|c| *c == '\\').count() % 2 == 0;
    let body = if ends { &rest[..rest.len() - 1] } else { rest };
    let mut reader = Reader { chars: body.chars().collect(), at: 0, out: String::new() };
    let weight = reader.alternatives(0)?;
    if reader.at < reader.chars.len() {
        return Err("a ) without its (".to_owned());
    }
    if weight > WEIGHT_MAX {
        return Err(format!("it counts to {weight}, the limit is {WEIGHT_MAX}"));
    }
    let (start, end) = (if starts { "^" } else { "" }, if ends { "$" } else { "" });
    Ok((format!("{start}(?:{}){end}", reader.out), weight))
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    out: String,
}

/// A part of a class: one character, which may begin or end a range, or a set.
enum Member {
    One(char),
    Set(&'static str, bool),
}

/// A part of a class as listed.
enum Part {
    Range(char, char),
    Set(&'static str, bool),
}

impl Part {
    /// Whether it holds one of [`CONTROLS`], a quote or a backslash.
    fn holds(&self, c: char) -> bool {
        match self {
            Part::Range(first, last) => (*first..=*last).contains(&c),
            Part::Set(set, negated) => (*set == SPACE && ('\t'..='\r').contains(&c)) != *negated,
        }
    }
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    /// Says how much the alternatives weigh together.
    fn alternatives(&mut self, depth: usize) -> Result<u64, Refusal> {
        if depth > DEPTH_MAX {
            return Err(format!("groups nested deeper than {DEPTH_MAX}"));
        }
        let mut weight: u64 = 0;
        while let Some(c) = self.peek().filter(|c| *c != ')') {
            if c == '|' {
                self.at += 1;
                self.out.push('|');
                continue;
            }
            let atom = self.atom(depth)?;
            weight = weight.saturating_add(self.quantified(atom)?);
        }
        Ok(weight)
    }

    fn atom(&mut self, depth: usize) -> Result<u64, Refusal> {
        let Some(c) = self.next() else { return Ok(0) };
        match c {
            '(' => return self.group(depth),
            '[' => self.class()?,
            '.' => self.set(LINE_ENDS, true),
            '\\' => match self.escape()? {
                Member::One(c) => self.literal(c)?,
                Member::Set(set, negated) => self.set(set, negated),
            },
            '^' | '$' => return Err(format!("{c} stands elsewhere than at the pattern's edge")),
            '*' | '+' | '?' | '{' | '}' | ']' => {
                return Err(format!("{c} without what it belongs to; as a character it is \\{c}"));
            }
            c => self.literal(c)?,
        }
        Ok(1)
    }

    fn group(&mut self, depth: usize) -> Result<u64, Refusal> {
        if self.eat('?') && !self.eat(':') {
            return Err("groups other than ( ) and (?: ), such as look-around, are not supported"
                .to_owned());
        }
        self.out.push_str("(?:");
        let weight = self.alternatives(depth + 1)?;
        if !self.eat(')') {
            return Err("a ( without its )".to_owned());
        }
        self.out.push(')');
        Ok(weight.max(1))
    }

    /// The quantifier after an atom, if there is one. A lazy one allows the same texts.
    fn quantified(&mut self, atom: u64) -> Result<u64, Refusal> {
        let (min, max) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                let counts = self.counts()?;
                self.at -= 1;
                counts
            }
            _ => return Ok(atom),
        };
        self.at += 1;
        self.eat('?');
        let upper = max.map_or_else(String::new, |max| max.to_string());
        self.out.push_str(&format!("{{{min},{upper}}}"));
        Ok(atom.saturating_mul(max.unwrap_or(min).max(1)))
    }

    /// `n}`, `n,}` or `n,m}`.
    fn counts(&mut self) -> Result<(u64, Option<u64>), Refusal> {
        let wrong = || "a { that is no quantifier; as a character it is \\{".to_owned();
        let min = self.number().ok_or_else(wrong)?;
        let max = if self.eat(',') { self.number() } else { Some(min) };
        if !self.eat('}') || max.is_some_and(|max| max < min) {
            return Err(wrong());
        }
        if max.unwrap_or(min) > WEIGHT_MAX {
            return Err(format!("it counts beyond {WEIGHT_MAX}"));
        }
        Ok((min, max))
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = None;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            self.at += 1;
            number = Some(number.unwrap_or(0_u64).saturating_mul(10).saturating_add(digit.into()));
        }
        number
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<Member, Refusal> {
        let Some(c) = self.next() else { return Err("a backslash at the end".to_owned()) };
        Ok(match c {
            'd' => Member::Set(DIGIT, false),
            'D' => Member::Set(DIGIT, true),
            'w' => Member::Set(WORD, false),
            'W' => Member::Set(WORD, true),
            's' => Member::Set(SPACE, false),
            'S' => Member::Set(SPACE, true),
            't' => Member::One('\t'),
            'n' => Member::One('\n'),
            'r' => Member::One('\r'),
            'f' => Member::One('\u{C}'),
            'x' => Member::One(self.code(2)?),
            'u' => Member::One(self.code(4)?),
            c if c.is_ascii_punctuation() && c != '_' => Member::One(c),
            c => return Err(format!("the escape \\{c} is not supported")),
        })
    }

    fn code(&mut self, digits: usize) -> Result<char, Refusal> {
        let text: String = self.chars.iter().skip(self.at).take(digits).collect();
        self.at += digits;
        let all_hex = text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit());
        let code = u32::from_str_radix(&text, 16).ok().filter(|_| all_hex).and_then(char::from_u32);
        code.ok_or_else(|| format!("an escape needs {digits} hexadecimal digits of one character"))
    }

    /// A class. The automaton takes one that holds all of [`CONTROLS`] for one that holds every escape; where it holds
    /// no quote or no backslash, it is narrowed by the former, which texts rarely have.
    fn class(&mut self) -> Result<(), Refusal> {
        let start = self.out.len();
        let negated = self.peek() == Some('^');
        let listed = self.listed()?;
        let holds = |c: char| listed.iter().any(|part| part.holds(c)) != negated;
        if CONTROLS.into_iter().all(holds) && !(holds('"') && holds('\\')) {
            self.out.insert(start, '[');
            self.out.push_str("&&[^\\x{8}-\\x{D}]]");
        }
        Ok(())
    }

    /// Passes a class on; gives what it lists.
    fn listed(&mut self) -> Result<Vec<Part>, Refusal> {
        let mut parts = Vec::new();
        self.out.push('[');
        if self.eat('^') {
            self.out.push('^');
        }
        if self.peek() == Some(']') {
            return Err("an empty class".to_owned());
        }
        while !self.eat(']') {
            let first = match self.member()? {
                Member::One(c) => c,
                Member::Set(set, negated) => {
                    self.set(set, negated);
                    parts.push(Part::Set(set, negated));
                    continue;
                }
            };
            let ranges = self.peek() == Some('-')
                && self.chars.get(self.at + 1).is_some_and(|next| *next != ']');
            if !ranges {
                self.code_of(first);
                parts.push(Part::Range(first, first));
                continue;
            }
            self.at += 1;
            match self.member()? {
                Member::One(last) if last >= first => {
                    self.code_of(first);
                    self.out.push('-');
                    self.code_of(last);
                    parts.push(Part::Range(first, last));
                }
                _ => return Err("a range in a class that does not rise".to_owned()),
            }
        }
        self.out.push(']');
        Ok(parts)
    }

    fn member(&mut self) -> Result<Member, Refusal> {
        match self.next() {
            Some('\\') => self.escape(),
            Some(c) => Ok(Member::One(c)),
            None => Err("a [ without its ]".to_owned()),
        }
    }

    fn set(&mut self, set: &str, negated: bool) {
        self.out.push_str(if negated { "[^" } else { "[" });
        self.out.push_str(set);
        self.out.push(']');
    }

    /// A character outside a class. Most control characters have no short escape in JSON and are never written.
    fn literal(&mut self, c: char) -> Result<(), Refusal> {
        if super::is_writable(c) {
            self.code_of(c);
            Ok(())
        } else {
            Err(format!("it asks for the control character U+{:04X}", u32::from(c)))
        }
    }

    fn code_of(&mut self, c: char) {
        if c.is_ascii_alphanumeric() || u32::from(c) > 0x9F {
            self.out.push(c);
        } else {
            self.out.push_str(&format!("\\x{{{:X}}}", u32::from(c)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_dialects_know_is_spelled_out() {
        for (pattern, expected) in [
            ("^ab$", "^(?:ab)$"),
            ("a|b", "(?:a|b)"),
            (r"\d+", "(?:[0-9]{1,})"),
            ("a*?", "(?:a{0,})"),
            ("^[A-Z]{2,3}$", "^(?:[A-Z]{2,3})$"),
            ("(a)(?:b)", "(?:(?:a)(?:b))"),
            (r"[^\d.-]", r"(?:[^[0-9]\x{2E}\x{2D}])"),
            ("[[:alpha:]&&x]", r"(?:[\x{5B}\x{3A}alpha\x{3A}]\x{26}\x{26}x\x{5D})"),
            (".", r"(?:[^\x{A}\x{D}\x{2028}\x{2029}])"),
            (r"\u00e9\x41\/", r"(?:éA\x{2F})"),
            (r"a\$", r"(?:a\x{24})"),
            (r"a\\$", r"(?:a\x{5C})$"),
            (r#"[^"\\]"#, r"(?:[[^\x{22}\x{5C}]&&[^\x{8}-\x{D}]])"),
            (r"[^\\]", r"(?:[[^\x{5C}]&&[^\x{8}-\x{D}]])"),
            (r"[^a]", "(?:[^a])"),
            (r"[^\s\\]", &format!(r"(?:[^[{SPACE}]\x{{5C}}])")),
            ("", "(?:)"),
        ] {
            if pattern.contains("alpha") {
                // The lone `]` after the class is refused: in one of the two dialects it is a mistake.
                assert!(translate(pattern).is_err());
            } else {
                let (text, _) = translate(pattern).unwrap();
                assert_eq!(text, expected, "{pattern}");
            }
        }
    }

    #[test]
    fn what_differs_or_explodes_is_refused() {
        for pattern in [
            "(?=a)",
            "(?!a)",
            "(?<=a)",
            "(?<n>a)",
            "(?i)a",
            r"\bx",
            r"(a)\1",
            r"\p{L}",
            r"\cA",
            r"\0",
            "a^b",
            "a$b",
            "a{",
            "a{2",
            "a{3,2}",
            "*a",
            "a**",
            "(a",
            "a)",
            "[a",
            "[]",
            "[^]",
            "[b-a]",
            "[a-\\d]",
            r"\u12",
            r"\ud800",
            "\\",
            r"\x01",
            "a{501}",
            "((a{100}){100}){100}",
            "(a{50}){50}",
            "]",
            "}",
        ] {
            assert!(translate(pattern).is_err(), "{pattern}");
        }
        assert!(translate(&"a".repeat(2001)).is_err());
        assert!(translate(&format!("{}a{}", "(".repeat(17), ")".repeat(17))).is_err());
    }
}
