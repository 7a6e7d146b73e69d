//! The server's certificate: made at each start, signed by a CA of the folder, whose `ca.pem` clients trust.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::store::{named, write_atomically, write_private};

/// Regions whose KMS hosts the certificate names.
const REGIONS: [&str; 12] = [
    "eu-central-1",
    "eu-central-2",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-southeast-2",
];

pub(super) fn acceptor(folder: &Path, further_hosts: &[String]) -> io::Result<TlsAcceptor> {
    let issuer = authority(folder)?;
    let hosts = REGIONS.iter().flat_map(|region| [format!("kms.{region}.amazonaws.com"), format!("kms-fips.{region}.amazonaws.com")]);
    let names: Vec<_> = hosts.chain(["localhost".to_owned(), "127.0.0.1".to_owned()]).chain(further_hosts.iter().cloned()).collect();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)?;
    let mut params = CertificateParams::new(names).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "sealroom mock KMS");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, &issuer).map_err(io::Error::other)?;
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(io::Error::other)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The folder's CA: made once, so that clients keep trusting `ca.pem` over restarts.
fn authority(folder: &Path) -> io::Result<Issuer<'static, KeyPair>> {
    let (key_path, certificate_path) = (folder.join("ca.key"), folder.join("ca.pem"));
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "sealroom mock KMS CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    if !key_path.exists() || !certificate_path.exists() {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(io::Error::other)?;
        let certificate = params.self_signed(&key).map_err(io::Error::other)?;
        write_private(&key_path, key.serialize_pem().as_bytes())?;
        write_atomically(&certificate_path, certificate.pem().as_bytes())?;
    }
    let key = KeyPair::from_pem(&fs::read_to_string(&key_path)?).map_err(io::Error::other).map_err(|error| named(&key_path, &error))?;
    Ok(Issuer::new(params, key))
}
