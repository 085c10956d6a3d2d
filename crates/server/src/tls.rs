//! TLS: the operator's own key pair, or certificates of a local authority kept in the data folder.
//!
//! The authority may sign for this machine's names only (name constraints: `localhost`, 127.0.0.1, ::1 and the address
//! listened on), so that trusting its file does not trust its key with the rest of the world. Its key has mode 0600. The
//! server's own certificate is made anew at each start and never stored.

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use time::{Duration, OffsetDateTime};

use crate::ServerError;
use crate::config::Tls;
use crate::datadir;

/// A ready TLS set-up, and the file that clients must trust if the local authority made it.
#[derive(Debug)]
pub(crate) struct Setup {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_file: Option<PathBuf>,
}

/// Makes ring the process's crypto provider, once: two providers in one process make rustls panic.
pub(crate) fn install_provider() {
    // An error says that a provider is installed already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Reads or makes certificates for a server on `host`.
pub(crate) fn set_up(tls: &Tls, data_dir: &Path, host: IpAddr) -> Result<Setup, ServerError> {
    let (chain, key, ca_file) = match tls {
        Tls::Files { cert, key } => {
            let (chain, key) = read_pair(cert, key)?;
            (chain, key, None)
        }
        Tls::LocalCa => {
            let folder = data_dir.join("tls");
            let (chain, key) = issue(&folder, host)?;
            (chain, key, Some(folder.join("ca.pem")))
        }
    };
    let mut config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| ServerError::Tls(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Setup { config: Arc::new(config), ca_file })
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn read_pair(cert: &Path, key: &Path) -> Result<Pair, ServerError> {
    let failed = |path: &Path, error: &dyn std::fmt::Display| {
        ServerError::Tls(format!("{}: {error}", path.display()))
    };
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(cert, &error))?;
    if chain.is_empty() {
        return Err(failed(cert, &"holds no certificate"));
    }
    let key_der = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(key, &error))?;
    Ok((chain, key_der))
}

/// Names that a local certificate is for, and that the authority may sign for.
fn names(host: IpAddr) -> Vec<String> {
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if !host.is_unspecified() && !addresses.contains(&host) {
        addresses.push(host);
    }
    let mut names = vec!["localhost".to_owned()];
    names.extend(addresses.iter().map(IpAddr::to_string));
    names
}

/// Signs a certificate for this start with the authority in `folder`, which is made if it is absent or if the server
/// now listens on an address that it may not sign for.
fn issue(folder: &Path, host: IpAddr) -> Result<Pair, ServerError> {
    let names = names(host);
    datadir::make_private(folder)?;
    let ca_key = match load_authority(folder, &names)? {
        Some(key) => key,
        None => make_authority(folder, &names)?,
    };
    let issuer = Issuer::new(authority_params(&names)?, ca_key);
    let key = KeyPair::generate().map_err(tls_error)?;
    let mut params = CertificateParams::new(names).map_err(tls_error)?;
    params.distinguished_name = name("Outcrop server");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, 397);
    let cert = params.signed_by(&key, &issuer).map_err(tls_error)?;
    let key_der = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|error| ServerError::Tls(error.to_owned()))?;
    Ok((vec![cert.der().clone()], key_der))
}

/// The authority's key, if there is one whose names cover `names`.
fn load_authority(folder: &Path, names: &[String]) -> Result<Option<KeyPair>, ServerError> {
    let read = |file: &str| match fs::read_to_string(folder.join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => {
            Err(ServerError::File { action: "cannot read", path: folder.join(file), source })
        }
    };
    let (Some(key), Some(covered), Some(_)) =
        (read("ca-key.pem")?, read("ca-names.txt")?, read("ca.pem")?)
    else {
        return Ok(None);
    };
    if !names.iter().all(|name| covered.lines().any(|line| line == name)) {
        return Ok(None);
    }
    let key = KeyPair::from_pem(&key).map_err(|error| ServerError::Damaged {
        path: folder.join("ca-key.pem"),
        reason: error.to_string(),
    })?;
    Ok(Some(key))
}

fn make_authority(folder: &Path, names: &[String]) -> Result<KeyPair, ServerError> {
    let key = KeyPair::generate().map_err(tls_error)?;
    let cert = authority_params(names)?.self_signed(&key).map_err(tls_error)?;
    datadir::write_private(&folder.join("ca-key.pem"), key.serialize_pem().as_bytes())?;
    datadir::write_private(&folder.join("ca.pem"), cert.pem().as_bytes())?;
    datadir::write_private(&folder.join("ca-names.txt"), names.join("\n").as_bytes())?;
    Ok(key)
}

fn authority_params(names: &[String]) -> Result<CertificateParams, ServerError> {
    let permitted_subtrees = names
        .iter()
        .map(|name| match name.parse::<IpAddr>() {
            Ok(address) => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits))
            }
            Err(_) => GeneralSubtree::DnsName(name.clone()),
        })
        .collect();
    let mut params = CertificateParams::new(Vec::new()).map_err(tls_error)?;
    params.distinguished_name = name("Outcrop local authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints =
        Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    set_validity(&mut params, 3650);
    Ok(params)
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

fn set_validity(params: &mut CertificateParams, days: i64) {
    let now = OffsetDateTime::now_utc();
    // A day back, for clients whose clock is behind.
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(days);
}

#[expect(clippy::needless_pass_by_value, reason = "fits map_err")]
fn tls_error(error: rcgen::Error) -> ServerError {
    ServerError::Tls(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn authority_is_kept_until_it_does_not_cover_the_address() {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("tls/ca.pem");
        let first = set_up(&Tls::LocalCa, dir.path(), LOCAL).unwrap();
        assert_eq!(first.ca_file.as_deref(), Some(ca.as_path()));
        let pem = fs::read(&ca).unwrap();
        set_up(&Tls::LocalCa, dir.path(), LOCAL).unwrap();
        assert_eq!(fs::read(&ca).unwrap(), pem);
        set_up(&Tls::LocalCa, dir.path(), "192.0.2.7".parse().unwrap()).unwrap();
        assert_ne!(fs::read(&ca).unwrap(), pem);
    }

    #[cfg(unix)]
    #[test]
    fn authority_key_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        set_up(&Tls::LocalCa, dir.path(), LOCAL).unwrap();
        let mode = fs::metadata(dir.path().join("tls/ca-key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn missing_and_empty_files_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let (cert, key) = (dir.path().join("c.pem"), dir.path().join("k.pem"));
        let tls = Tls::Files { cert: cert.clone(), key };
        let error = set_up(&tls, dir.path(), LOCAL).unwrap_err().to_string();
        assert!(error.contains("c.pem"), "{error}");
        fs::write(&cert, "").unwrap();
        let error = set_up(&tls, dir.path(), LOCAL).unwrap_err().to_string();
        assert!(error.contains("holds no certificate"), "{error}");
    }
}
