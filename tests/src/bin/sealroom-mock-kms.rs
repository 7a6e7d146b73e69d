//! `sealroom-mock-kms`: a KMS for tests. See `sealroom_testkit::kms`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sealroom_testkit::kms::{self, CmsForm, Fault, Settings};
use tokio::net::TcpListener;

/// Run a KMS for tests on this machine: HTTPS, SigV4, key policies and attestation documents are checked for real.
///
/// In DIR: ca.pem (the CA that clients trust), credentials (AWS's format; profiles owner, operator, consumer, admin; profile
/// NAME is a session of arn:aws:iam::111122223333:role/NAME), keys.json and requests.log (one JSON line per request).
/// They stay over restarts. Prints `listening ADDRESS`, then `ready`.
///
/// For tests only: the keys lie in plain files.
#[derive(Parser)]
#[command(name = "sealroom-mock-kms", version, after_help = EXAMPLE)]
struct Arguments {
    /// Folder for the state
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Trust anchor (PEM) of attestation documents, such as nitro-sim's nsm-root.pem; read at each request that has one
    #[arg(long, value_name = "FILE")]
    nsm_root: PathBuf,
    /// How old an attestation document may be
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    max_document_age: u64,
    /// How CiphertextForRecipient is encoded
    #[arg(long, value_name = "FORM", value_enum, default_value_t = CmsForm::Constructed)]
    cms_form: CmsForm,
    /// Misbehave: NAME for every matching request, NAME:COUNT for the next few; may be repeated. Names: throttle, disconnect,
    /// expired-token, plaintext, plaintext-too, no-cfr, tampered-cms, substituted-key, short-key, wrong-key-id
    #[arg(long, value_name = "NAME[:COUNT]")]
    fault: Vec<Fault>,
}

const EXAMPLE: &str = "Example:
  sealroom-mock-kms --dir kms --listen 127.0.0.1:4566 --nsm-root enclave/nsm-root.pem
  AWS_SHARED_CREDENTIALS_FILE=kms/credentials AWS_CA_BUNDLE=kms/ca.pem \\
    aws --profile owner --endpoint-url https://127.0.0.1:4566 kms create-key";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = Settings {
        folder: arguments.dir,
        nsm_root: arguments.nsm_root,
        max_document_age: Duration::from_secs(arguments.max_document_age),
        cms_form: arguments.cms_form,
        faults: arguments.fault,
    };
    let served = match TcpListener::bind(arguments.listen).await {
        Ok(listener) => kms::serve(settings, listener).await,
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sealroom-mock-kms: {error}");
            ExitCode::FAILURE
        }
    }
}
