//! The import direction between crates, and what each must never know. The table is ARCHITECTURE.md's.

use std::collections::BTreeMap;
use std::fs;

use toml::{Table, Value};

use crate::repo;

/// Crate, and the workspace crates that it may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("bedrock", &[]),
    ("engine", &[]),
    ("store", &[]),
    ("models", &["engine"]),
    ("chat", &["bedrock", "engine"]),
    ("server", &["bedrock", "engine", "store", "chat"]),
];

/// Crate, and outside crates that would bring in what it must never know.
const NEVER: &[(&str, &[&str])] = &[
    ("bedrock", &["axum", "hyper", "tokio", "reqwest", "sqlx", "tokenizers"]),
    (
        "engine",
        &[
            "axum",
            "bytes",
            "hyper",
            "minijinja",
            "serde",
            "serde_json",
            "sqlx",
            "tokenizers",
            "tokio",
        ],
    ),
    ("store", &["axum", "hyper", "minijinja", "reqwest", "serde_json", "tokenizers"]),
    ("models", &["axum", "hyper", "minijinja", "reqwest", "sqlx", "tokio"]),
    ("chat", &["axum", "hyper", "memmap2", "sqlx", "tokio"]),
    // The database comes through `store`, so that one crate decides its version and kind.
    ("server", &["clap", "memmap2", "sqlx", "tokenizers"]),
];

const KINDS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

#[test]
fn crates_import_only_what_their_layer_allows() {
    let layers: BTreeMap<_, _> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (name, imports) in crates() {
        let Some(allowed) = layers.get(name.as_str()) else {
            wrong.push(format!("crate {name} has no row in LAYERS"));
            continue;
        };
        for import in imports.iter().filter(|import| layers.contains_key(import.as_str())) {
            if !allowed.contains(&import.as_str()) {
                wrong.push(format!("{name} must not import {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn crates_know_nothing_they_must_never_know() {
    let crates = crates();
    let mut wrong = Vec::new();
    for (name, never) in NEVER {
        for import in &crates[*name] {
            if never.contains(&import.as_str()) {
                wrong.push(format!("{name} must not import {import}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_row_has_its_crate() {
    let crates = crates();
    for (name, _) in LAYERS.iter().chain(NEVER) {
        assert!(crates.contains_key(*name), "no crate {name}");
    }
}

#[test]
fn only_models_may_hold_unsafe_code() {
    for name in crates().keys().filter(|name| *name != "models") {
        let manifest = manifest(&format!("crates/{name}/Cargo.toml"));
        let inherits = manifest.get("lints").and_then(|lints| lints.get("workspace"));
        assert_eq!(inherits, Some(&Value::Boolean(true)), "{name} must take the workspace's lints");
    }
    let root = manifest("Cargo.toml");
    assert_eq!(root["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    assert_eq!(root["lints"]["workspace"].as_bool(), Some(true));
}

/// Every crate under `crates/` with the names of all it imports, workspace crates without their package prefix.
fn crates() -> BTreeMap<String, Vec<String>> {
    let folders = fs::read_dir(repo::root().join("crates")).unwrap();
    folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("Cargo.toml").exists())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            let imports = imports(&manifest(&format!("crates/{name}/Cargo.toml")));
            (name, imports)
        })
        .collect()
}

/// Names in all dependency tables, those under `[target.'…']` too.
fn imports(manifest: &Table) -> Vec<String> {
    let targets =
        manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let tables = std::iter::once(manifest).chain(targets.filter_map(Value::as_table));
    let mut names = Vec::new();
    for table in tables {
        for kind in KINDS {
            let Some(dependencies) = table.get(*kind).and_then(Value::as_table) else { continue };
            names.extend(dependencies.iter().map(|(key, value)| imported_name(key, value)));
        }
    }
    names
}

/// A renamed dependency counts under its package's name.
fn imported_name(key: &str, value: &Value) -> String {
    let package = value.get("package").and_then(Value::as_str).unwrap_or(key);
    package.strip_prefix("outcrop-").unwrap_or(package).to_owned()
}

fn manifest(path: &str) -> Table {
    repo::read(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}
