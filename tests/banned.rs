//! Packages that must not be in the tree: second crypto providers, and what needs cmake, clang or protoc to build.

use toml::{Table, Value};

use crate::repo;

const BANNED: &[(&str, &str)] = &[
    ("aws-lc-rs", "two crypto providers in one process panic at run time; ring is ours"),
    ("aws-lc-sys", "needs cmake or clang; ring is ours"),
    ("bindgen", "needs clang"),
    ("cmake", "needs cmake"),
    ("onig_sys", "a C library for what fancy-regex does"),
    ("openssl-sys", "needs a system library; rustls is ours"),
    ("prost-build", "needs protoc"),
];

#[test]
fn no_lock_file_holds_a_banned_package() {
    for lock in ["Cargo.lock", "conformance/rust/Cargo.lock"] {
        let lock_file: Table = repo::read(lock).parse().unwrap();
        let packages = lock_file["package"].as_array().expect("an array of packages");
        assert!(packages.len() > 50, "{lock} was read: {} packages", packages.len());
        for name in packages.iter().filter_map(|package| package["name"].as_str()) {
            let banned = BANNED.iter().find(|(banned, _)| *banned == name);
            assert!(banned.is_none(), "{lock} holds {name}: {}", banned.unwrap().1);
        }
    }
}

#[test]
fn everything_comes_from_the_registry_or_the_repository() {
    let lock_file: Table = repo::read("Cargo.lock").parse().unwrap();
    for package in lock_file["package"].as_array().expect("an array of packages") {
        let source = package.get("source").and_then(Value::as_str).unwrap_or("registry+");
        assert!(source.starts_with("registry+"), "{} comes from {source}", package["name"]);
    }
}
