//! Finding and reading the repository's own files.

use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold no source of ours.
const SKIPPED: &[&str] = &["target", "node_modules", "__pycache__", "out", "corpus", "artifacts"];

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file named from the root.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files below the root with one of these extensions, as paths from the root, sorted.
pub(crate) fn files(extensions: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    walk(root(), &mut |path| {
        let known =
            path.extension().and_then(|e| e.to_str()).is_some_and(|e| extensions.contains(&e));
        if known {
            let short = path.strip_prefix(root()).unwrap().to_str().expect("a UTF-8 path");
            found.push(short.to_owned());
        }
    });
    found.sort();
    found
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&PathBuf)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or(".");
        if name.starts_with('.') || SKIPPED.contains(&name) {
            continue;
        }
        if path.is_dir() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}
