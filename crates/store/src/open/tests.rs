use std::sync::Arc;

use sqlx::Row as _;
use tempfile::TempDir;

use super::*;

async fn open(dir: &TempDir) -> Store {
    Store::open(dir.path(), &Config::default()).await.unwrap()
}

async fn tags(store: &Store) -> i64 {
    sqlx::query_scalar("SELECT COUNT(*) FROM tags").fetch_one(store.read()).await.unwrap()
}

async fn put(transaction: &mut Transaction, key: &str) -> Result<(), sqlx::Error> {
    let statement =
        "INSERT INTO tags (account, region, resource, tag_key, value) VALUES ($1, $1, $1, $2, $1)";
    sqlx::query(statement).bind("x").bind(key).execute(&mut **transaction).await.map(|_| ())
}

#[tokio::test]
async fn migrations_run_once_and_what_was_stored_stays() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(&dir).await;
    let mut transaction = first.begin().await.unwrap();
    put(&mut transaction, "a").await.unwrap();
    transaction.commit().await.unwrap();
    first.close().await;
    let second = open(&dir).await;
    assert_eq!(tags(&second).await, 1);
    let applied: Vec<i64> = sqlx::query_scalar("SELECT version FROM _sqlx_migrations ORDER BY 1")
        .fetch_all(second.read())
        .await
        .unwrap();
    let steps: Vec<i64> = migrations::STEPS.iter().map(|(version, ..)| *version).collect();
    assert_eq!(applied, steps);
}

#[tokio::test]
async fn pragmas_hold_on_every_connection() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let mut writer = store.begin().await.unwrap();
    let mut reader = store.read().acquire().await.unwrap();
    for connection in [&mut *writer, &mut *reader] {
        let mode: String =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await.unwrap();
        let keys: i64 =
            sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&mut *connection).await.unwrap();
        let wait: i64 =
            sqlx::query_scalar("PRAGMA busy_timeout").fetch_one(&mut *connection).await.unwrap();
        assert_eq!((mode.as_str(), keys, wait), ("wal", 1, 5000));
    }
}

#[tokio::test]
async fn a_second_opener_sees_what_the_first_committed_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (open(&dir).await, open(&dir).await);
    let mut transaction = first.begin().await.unwrap();
    put(&mut transaction, "a").await.unwrap();
    assert_eq!(tags(&second).await, 0, "not committed yet");
    transaction.commit().await.unwrap();
    assert_eq!(tags(&second).await, 1);
    let mut dropped = first.begin().await.unwrap();
    put(&mut dropped, "b").await.unwrap();
    drop(dropped);
    put(&mut second.begin().await.unwrap(), "c").await.unwrap();
    assert_eq!(tags(&first).await, 1, "neither was committed");
}

#[tokio::test]
async fn a_writer_that_waits_too_long_is_told_busy() {
    let dir = tempfile::tempdir().unwrap();
    let patient = open(&dir).await;
    let config = Config { busy_timeout: Duration::from_secs(1), ..Config::default() };
    let hasty = Store::open(dir.path(), &config).await.unwrap();
    let held = patient.begin().await.unwrap();
    assert!(matches!(hasty.begin().await, Err(StoreError::Busy)), "another has the file");
    held.rollback().await.unwrap();
    let held = hasty.begin().await.unwrap();
    assert!(matches!(hasty.begin().await, Err(StoreError::Busy)), "this one has the writer");
    held.rollback().await.unwrap();
    patient.begin().await.unwrap().rollback().await.unwrap();
}

#[tokio::test]
async fn writers_take_turns_and_none_overwrites_another() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(&dir).await);
    let writers: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut transaction = store.begin().await.unwrap();
                let row = sqlx::query("SELECT COUNT(*) FROM tags")
                    .fetch_one(&mut *transaction)
                    .await
                    .unwrap();
                let next = row.get::<i64, _>(0);
                put(&mut transaction, &next.to_string()).await.unwrap();
                transaction.commit().await.unwrap();
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(tags(&store).await, 16);
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_and_its_side_files_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    fs::write(&path, b"").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let store = open(&dir).await;
    let mut transaction = store.begin().await.unwrap();
    put(&mut transaction, "a").await.unwrap();
    transaction.commit().await.unwrap();
    let files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap()).collect();
    assert!(files.len() >= 2, "the log is a file beside it: {files:?}");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    assert_eq!(store.path(), path);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir).await;
    let mut transaction = store.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES ($1, 'x', TRUE, $2, 0)",
    )
    .bind(9999_i64)
    .bind(vec![0_u8; 48])
    .execute(&mut *transaction)
    .await
    .unwrap();
    transaction.commit().await.unwrap();
    store.close().await;
    let error = Store::open(dir.path(), &Config::default()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Newer { migration: 9999, .. }), "{error}");
    assert!(error.to_string().contains("newer version"), "{error}");
}

#[tokio::test]
async fn what_is_no_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    let text = "no database, but long enough to have a header ".repeat(200);
    fs::write(&path, &text).unwrap();
    let error = Store::open(dir.path(), &Config::default()).await.unwrap_err();
    assert!(error.to_string().contains(FILE_NAME), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let missing = dir.path().join("missing");
    let error = Store::open(&missing, &Config::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::File { .. }), "{error}");
}

#[test]
fn every_migration_file_is_a_step_and_steps_are_numbered_without_gaps() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    let mut files: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    let steps: Vec<String> = migrations::STEPS
        .iter()
        .map(|(version, name, _)| format!("{version:04}_{}.sql", name.replace(' ', "_")))
        .collect();
    assert_eq!(files, steps);
    assert!(migrations::STEPS.iter().map(|(version, ..)| *version).eq(1..=files.len() as i64));
}
