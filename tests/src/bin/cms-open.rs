//! `cms-open`: opens a `CiphertextForRecipient` with the enclave's own reader and prints the content in hex. Whatever
//! is wrong, it says the one opaque error and exits 1.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use clap::Parser;
use sealroom_enclave::cms;
use sealroom_shared::digest::hex;

/// Opens a CiphertextForRecipient of AWS KMS and prints its content in hex.
///
/// Example: cms-open --key recipient.pk8.der answer.ber
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The recipient's RSA private key: PKCS #8, DER.
    #[arg(long)]
    key: PathBuf,
    /// The envelope: CMS EnvelopedData, BER or DER.
    file: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(content) => {
            println!("{content}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("cms-open: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<String> {
    let key = std::fs::read(&arguments.key).with_context(|| arguments.key.display().to_string())?;
    let envelope = std::fs::read(&arguments.file).with_context(|| arguments.file.display().to_string())?;
    let key = PrivateDecryptingKey::from_pkcs8(&key).and_then(|key| OaepPrivateDecryptingKey::new(key).map_err(Into::into));
    let key = key.ok().with_context(|| format!("{}: not an RSA private key in PKCS #8, DER", arguments.key.display()))?;
    Ok(hex(&cms::open(&key, &envelope)?))
}
