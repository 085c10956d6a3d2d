use super::*;

fn new_key(kind: KeyKind) -> NewKey {
    let rights = Rights::NONE.with(Right::Invoke);
    NewKey { name: "ci".to_owned(), account: "123456789012".to_owned(), rights, kind }
}

#[test]
fn api_key_is_found_by_token_and_stored_hashed() {
    let dir = tempfile::tempdir().unwrap();
    let store = KeyStore::open(dir.path()).unwrap();
    assert!(store.current().unwrap().never_made());
    let made = store.add(new_key(KeyKind::ApiKey)).unwrap();
    let keys = store.current().unwrap();
    let info = keys.by_token(made.secret.expose()).unwrap();
    assert_eq!(info.id, made.id);
    assert!(keys.by_token("outcrop-other").is_none());
    let text = std::fs::read_to_string(dir.path().join("keys.json")).unwrap();
    assert!(!text.contains(made.secret.expose()));
    assert!(!format!("{made:?}").contains(made.secret.expose()));
}

#[test]
fn sigv4_secret_can_be_recovered() {
    let dir = tempfile::tempdir().unwrap();
    let store = KeyStore::open(dir.path()).unwrap();
    let made = store.add(new_key(KeyKind::SigV4)).unwrap();
    assert_eq!(made.id.len(), 20);
    let keys = store.current().unwrap();
    assert_eq!(keys.by_access_key(&made.id).unwrap().1, &made.secret);
    assert!(keys.by_token(made.secret.expose()).is_none());
}

#[test]
fn changes_by_another_process_are_seen_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = KeyStore::open(dir.path()).unwrap();
    let cli = KeyStore::open(dir.path()).unwrap();
    let made = cli.add(new_key(KeyKind::ApiKey)).unwrap();
    assert!(server.current().unwrap().by_token(made.secret.expose()).is_some());
    cli.revoke(&made.id).unwrap();
    let keys = server.current().unwrap();
    assert!(keys.by_token(made.secret.expose()).is_none());
    assert!(keys.is_empty() && !keys.never_made(), "revoking the last key must not open the door");
    assert!(matches!(cli.revoke(&made.id), Err(ServerError::NoSuchKey(_))));
}

#[test]
fn concurrent_additions_all_stay() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let store = KeyStore::open(dir.path()).unwrap();
                store.add(new_key(KeyKind::SigV4)).unwrap();
            });
        }
    });
    assert_eq!(KeyStore::open(dir.path()).unwrap().list().unwrap().len(), 8);
}

#[test]
fn bad_keys_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = KeyStore::open(dir.path()).unwrap();
    let mut key = new_key(KeyKind::ApiKey);
    key.account = "12".to_owned();
    assert!(matches!(store.add(key), Err(ServerError::Config(_))));
    let mut key = new_key(KeyKind::ApiKey);
    key.rights = Rights::NONE;
    assert!(matches!(store.add(key), Err(ServerError::Config(_))));
}

#[test]
fn damaged_file_is_reported_not_ignored() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("keys.json"), "{\"keys\": [}").unwrap();
    assert!(matches!(KeyStore::open(dir.path()), Err(ServerError::Damaged { .. })));
    let no_proof = r#"{"keys":[{"id":"a","name":"","account":"123456789012","rights":["invoke"],"created":""}]}"#;
    std::fs::write(dir.path().join("keys.json"), no_proof).unwrap();
    assert!(matches!(KeyStore::open(dir.path()), Err(ServerError::Damaged { .. })));
}

#[test]
fn rights_have_names() {
    let rights = Rights::parse(["invoke", " control"]).unwrap();
    assert!(rights.has(Right::Invoke) && rights.has(Right::Control));
    assert!(!rights.has(Right::Objects) && !rights.has(Right::Admin));
    assert_eq!(rights.names(), ["invoke", "control"]);
    assert_eq!(Rights::parse(["root"]), Err("root".to_owned()));
    assert!(Rights::parse(["admin"]).unwrap().has(Right::Invoke), "admin implies all");
    assert_eq!(Rights::all().names().len(), 4);
}
