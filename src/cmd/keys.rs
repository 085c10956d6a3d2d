//! `outcrop keys`: make, list and revoke credentials. Works while a server runs on the same data folder.

use std::io::Write as _;

use anyhow::{Context as _, anyhow};
use server::keys::{KeyKind, KeyStore, NewKey, Right, Rights};

use crate::cli::{AddKey, KeyAction, Place};
use crate::{config, out};

pub(crate) fn run(action: KeyAction) -> anyhow::Result<()> {
    match action {
        KeyAction::Add(args) => add(args),
        KeyAction::Ls { place } => list(&place),
        KeyAction::Revoke { id, place } => {
            open(&place)?.revoke(&id)?;
            out::line(&format!("revoked {id}"))?;
            Ok(())
        }
    }
}

fn open(place: &Place) -> anyhow::Result<KeyStore> {
    let config = config::load_place(place)?;
    KeyStore::open(&config.server.data_dir).context("cannot open the keys")
}

fn add(args: AddKey) -> anyhow::Result<()> {
    let rights = Rights::parse(args.rights.iter().map(String::as_str)).map_err(|wrong| {
        let known = Right::ALL.map(Right::name).join(", ");
        anyhow!("{wrong:?} is no right; rights are {known}")
    })?;
    let kind = if args.api_key { KeyKind::ApiKey } else { KeyKind::SigV4 };
    let new = NewKey { name: args.name, account: args.account, rights, kind };
    let created = open(&args.place)?.add(new)?;
    let mut out = out::stdout();
    match created.kind {
        KeyKind::SigV4 => {
            writeln!(out, "export AWS_ACCESS_KEY_ID={}", created.id)?;
            writeln!(out, "export AWS_SECRET_ACCESS_KEY={}", created.secret.expose())?;
        }
        KeyKind::ApiKey => {
            writeln!(out, "export AWS_BEARER_TOKEN_BEDROCK={}", created.secret.expose())?;
        }
    }
    out.flush()?;
    eprintln!(
        "This secret is shown once. Take the key away with: outcrop keys revoke {}",
        created.id
    );
    Ok(())
}

fn list(place: &Place) -> anyhow::Result<()> {
    let keys = open(place)?.list()?;
    let mut out = out::stdout();
    if keys.is_empty() {
        eprintln!("There are no keys. Without any, a server on loopback accepts every credential.");
        return Ok(());
    }
    writeln!(
        out,
        "{:<24} {:<10} {:<12} {:<24} {:<20} NAME",
        "ID", "KIND", "ACCOUNT", "RIGHTS", "CREATED"
    )?;
    for key in keys {
        let kind = match key.kind {
            KeyKind::ApiKey => "api-key",
            KeyKind::SigV4 => "sigv4",
        };
        let rights = key.rights.names().join(",");
        let (id, account, created, name) = (key.id, key.account, key.created, key.name);
        writeln!(out, "{id:<24} {kind:<10} {account:<12} {rights:<24} {created:<20} {name}")?;
    }
    out.flush()?;
    Ok(())
}
