//! What a user may write, and what is said about mistakes.

use std::path::{Path, PathBuf};

use super::*;

fn environment() -> Environment {
    Environment { user_data: Some(PathBuf::from("/home/u/.local/share")), ..Environment::default() }
}

fn resolve_text(text: &str) -> Result<Config, Mistakes> {
    let raw: RawConfig = toml::from_str(text).unwrap();
    resolve(raw, Some(Path::new("/etc/outcrop/outcrop.toml")), &Serve::default(), &environment())
}

#[test]
fn nothing_configured_gives_the_documented_defaults() {
    let config = resolve(RawConfig::default(), None, &Serve::default(), &environment()).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:4646");
    assert_eq!(config.server.data_dir, Path::new("/home/u/.local/share/outcrop"));
    assert_eq!(config.server.default_model, server::ModelSource::BuiltIn);
    assert_eq!(config.server.tls, None);
    assert_eq!(config.log, "info");
    assert!(config.threads >= 1);
}

#[test]
fn an_option_wins_over_a_variable_and_a_variable_over_the_file() {
    let raw: RawConfig = toml::from_str("listen = '127.0.0.1:1'\ndata_dir = 'state'").unwrap();
    let file = Some(Path::new("/etc/outcrop/outcrop.toml"));
    let config = resolve(raw.clone(), file, &Serve::default(), &environment()).unwrap();
    assert_eq!(config.server.listen.port(), 1);
    assert_eq!(config.server.data_dir, Path::new("/etc/outcrop/state"), "from the file's folder");

    let variables = Environment { listen: Some("localhost:2".into()), ..environment() };
    let config = resolve(raw.clone(), file, &Serve::default(), &variables).unwrap();
    assert_eq!(config.server.listen.port(), 2);

    let serve = Serve { listen: Some("127.0.0.1:3".into()), ..Serve::default() };
    let config = resolve(raw, file, &serve, &variables).unwrap();
    assert_eq!(config.server.listen.port(), 3);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let Mistakes(mistakes) = resolve_text(
        "listen = '4646'\nregion = 'US East'\nthreads = 0\ndefault_model = 'absent.gguf'\n\
         [models]\n'a b' = 'built-in'\n[tls]\ncert = 'c.pem'\n[memory]\nbudget = '12 apples'\n\
         [limits]\nmax_connections = 0\n[engine]\nstep_time_target_ms = 0",
    )
    .unwrap_err();
    let places: Vec<_> = mistakes.iter().map(|mistake| mistake.at.as_str()).collect();
    assert_eq!(
        places,
        [
            "listen",
            "tls",
            "default_model",
            "models.\"a b\"",
            "region",
            "memory.budget",
            "limits.max_connections",
            "engine.step_time_target_ms",
            "threads",
        ]
    );
    let text = Mistakes(mistakes).to_string();
    assert!(text.contains("/etc/outcrop/absent.gguf"), "{text}");
}

#[test]
fn an_unknown_key_is_a_mistake_that_names_itself() {
    let error =
        toml::from_str::<RawConfig>("[limits]\nmax_conections = 5").unwrap_err().to_string();
    assert!(error.contains("max_conections") && error.contains("max_connections"), "{error}");
}

#[test]
fn sizes_are_numbers_or_texts_with_units() {
    for (text, bytes) in [("512", 512), ("'1 GiB'", 1 << 30), ("'25MB'", 25_000_000), ("'7 b'", 7)]
    {
        let config = resolve_text(&format!("[memory]\nbudget = {text}")).unwrap();
        assert_eq!(config.server.memory.budget_bytes, Some(bytes), "{text}");
    }
    for text in ["''", "'GiB'", "'1.5 GiB'", "'-1 GB'", "0", "'99999999999 GiB'"] {
        assert!(resolve_text(&format!("[memory]\nbudget = {text}")).is_err(), "{text}");
    }
}

#[test]
fn a_model_is_a_file_that_is_there_or_built_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.gguf");
    std::fs::write(&file, b"GGUF").unwrap();
    let config = resolve_text(&format!(
        "[models]\n'meta.llama3-8b-instruct-v1:0' = {file:?}\n'amazon.nova-lite-v1:0' = 'built-in'"
    ))
    .unwrap();
    let models = &config.server.models;
    assert_eq!(models["meta.llama3-8b-instruct-v1:0"], server::ModelSource::File(file));
    assert_eq!(models["amazon.nova-lite-v1:0"], server::ModelSource::BuiltIn);
    let folder_as_model = format!("default_model = {:?}", folder.path());
    assert!(resolve_text(&folder_as_model).unwrap_err().to_string().contains("is not a file"));
}

#[test]
fn conversations_are_mended_only_where_that_is_asked_for() {
    let lenient =
        |text: &str| resolve_text(text).unwrap().server.compatibility.lenient_conversations;
    assert!(!lenient(""));
    assert!(!lenient("[compatibility]"));
    assert!(lenient("[compatibility]\nlenient_conversations = true"));
}

#[test]
fn an_empty_tls_table_means_the_local_authority() {
    assert_eq!(resolve_text("[tls]").unwrap().server.tls, Some(server::Tls::LocalCa));
    let serve = Serve { tls: true, ..Serve::default() };
    let config = resolve(RawConfig::default(), None, &serve, &environment()).unwrap();
    assert_eq!(config.server.tls, Some(server::Tls::LocalCa));
}

#[test]
fn the_documented_file_holds_every_default() {
    let page = include_str!("../../docs/configuration.md");
    let block = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let mut config = resolve_text(block).unwrap();
    let default =
        resolve(RawConfig::default(), None, &Serve::default(), &environment()).unwrap().server;
    config.server.data_dir.clone_from(&default.data_dir);
    assert_eq!(format!("{:#?}", config.server), format!("{default:#?}"));
    // What is off by default stands in comments; without their marks they are right, too.
    let uncommented =
        block.replace("# \"", "\"").replace("# budget", "budget").replace("# [tls]", "[tls]");
    let Mistakes(mistakes) = resolve_text(&uncommented).unwrap_err();
    assert!(mistakes.iter().all(|mistake| mistake.reason.contains("cannot read")), "{mistakes:?}");
    assert_eq!(mistakes.len(), 2, "the two model files that are only named there");
}
