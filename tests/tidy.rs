//! What the linter cannot see: sizes of files, debris, names, dead links.

use crate::repo;

/// The longest source file, tests not counted.
const MAX_LINES: usize = 500;
/// The longest comment that may look like code.
const MAX_CODE_LIKE_COMMENT: usize = 3;

#[test]
fn no_source_file_is_longer_than_500_lines_without_its_tests() {
    let mut long = Vec::new();
    for path in repo::files(&["rs", "py", "js", "mjs"]) {
        let lines = if is_test_file(&path) { 0 } else { lines_without_tests(&repo::read(&path)) };
        if lines > MAX_LINES {
            long.push(format!("{path}: {lines} lines"));
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn the_limits_on_functions_are_switched_on() {
    let limits = repo::read("clippy.toml");
    for limit in ["too-many-lines-threshold = 70", "too-many-arguments-threshold = 5"] {
        assert!(limits.contains(limit), "clippy.toml lacks `{limit}`");
    }
    let lints = [repo::read("Cargo.toml"), repo::read("crates/models/Cargo.toml")];
    for manifest in lints {
        assert!(manifest.contains("too_many_lines = \"deny\""), "a threshold alone does nothing");
    }
}

#[test]
fn no_file_is_named_for_what_it_is_not() {
    for path in repo::files(&["rs", "py", "js", "mjs", "sh"]) {
        let stem = path.rsplit('/').next().unwrap().split('.').next().unwrap();
        let versioned = stem.rsplit_once("_v").is_some_and(|(_, n)| n.parse::<u32>().is_ok());
        assert!(!versioned, "{path}: the newest version has no number");
        assert!(!["utils", "util", "helpers", "misc"].contains(&stem), "{path}: say what it holds");
    }
}

#[test]
fn every_note_to_do_names_its_issue() {
    let notes = ["TODO", "FIXME", "XXX"];
    for path in repo::files(&["rs", "py", "js", "mjs", "toml", "md"]) {
        if path == "tests/tidy.rs" || path == "CONTRIBUTING.md" {
            continue; // these two state the rule
        }
        for (number, line) in repo::read(&path).lines().enumerate() {
            let note = notes.iter().find_map(|note| {
                line.split_once(&format!("{note} ")).or(line.split_once(&format!("{note}:")))
            });
            let numbered = note.is_none_or(|(_, rest)| rest.contains('#'));
            assert!(numbered, "{path}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn no_code_is_commented_out() {
    for path in repo::files(&["rs"]) {
        let mut run = 0;
        for (number, line) in repo::read(&path).lines().enumerate() {
            run = if is_code_like_comment(line) { run + 1 } else { 0 };
            assert!(run <= MAX_CODE_LIKE_COMMENT, "{path}:{}: commented-out code", number + 1);
        }
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for path in repo::files(&["md"]) {
        let folder = repo::root().join(&path).parent().unwrap().to_owned();
        for link in links(&repo::read(&path)) {
            assert!(folder.join(&link).exists(), "{path} links to {link}");
        }
    }
}

#[test]
fn paths_that_documents_name_are_there() {
    let roots =
        ["bench/", "conformance/", "crates/", "docs/", "fuzz/", "src/", "tests/", "training/"];
    for path in repo::files(&["md"]) {
        for name in repo::read(&path).split('`').skip(1).step_by(2) {
            let ours = roots.iter().any(|root| name.starts_with(root))
                && !name.contains(['*', ' ', '{', '<']);
            assert!(!ours || repo::root().join(name).exists(), "{path} names {name}");
        }
    }
}

#[test]
fn a_file_without_its_tests_is_counted_right() {
    let source = "one\ntwo\n#[cfg(test)]\nmod tests {\n    three\n}\n";
    assert_eq!(lines_without_tests(source), 2);
    assert_eq!(lines_without_tests("one\n#[cfg(test)]\nmod tests;\ntwo\n"), 4);
    assert!(is_code_like_comment("    // let x = 1;"));
    assert!(!is_code_like_comment("// A sentence that says why."));
    assert!(!is_code_like_comment("/// let x = 1;"));
}

fn is_test_file(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs" || part.starts_with("test_"))
}

/// Lines before the test module at the end of the file.
fn lines_without_tests(source: &str) -> usize {
    let end = source.find("#[cfg(test)]\nmod tests {").unwrap_or(source.len());
    source[..end].lines().count()
}

fn is_code_like_comment(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("//") else { return false };
    if comment.starts_with(['/', '!']) {
        return false;
    }
    let comment = comment.trim();
    [";", "{", "}", "),"].iter().any(|end| comment.ends_with(end))
}

/// Targets of a document's links to files, without anchors.
fn links(markdown: &str) -> Vec<String> {
    let targets = markdown.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets
        .map(|target| target.split('#').next().unwrap_or_default().to_owned())
        .filter(|target| {
            !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:")
        })
        .filter(|target| !target.contains([' ', '{', '"', '\n']))
        .collect()
}
