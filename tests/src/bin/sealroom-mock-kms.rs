//! `sealroom-mock-kms`: a KMS for tests. See `sealroom_testkit::kms` and docs/mock-kms.md.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sealroom_testkit::kms::{self, CmsForm, Fault, LogDecisions, Settings};
use tokio::net::TcpListener;

/// Run a KMS for tests on this machine: HTTPS, SigV4, key policies, grants and attestation documents are checked for real.
///
/// In DIR: ca.pem (the CA that clients trust), credentials (AWS's format; profiles owner, operator, consumer, admin; profile
/// NAME is a session of arn:aws:iam::111122223333:role/NAME, or what its line `mock_principal = ARN` says), keys.json, and
/// requests.log (one JSON line per request, with the condition that failed and both values). They stay over restarts.
/// Prints `listening ADDRESS`, then `ready`.
///
/// For tests only: the keys lie in plain files.
#[derive(Parser)]
#[command(name = "sealroom-mock-kms", version, after_long_help = LONG, after_help = EXAMPLE)]
struct Arguments {
    /// Folder for the state; made where it is not there
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A further name or address for the TLS certificate, which has localhost, 127.0.0.1 and the hosts of KMS; may be repeated
    #[arg(long, value_name = "NAME")]
    tls_host: Vec<String>,
    /// Trust anchor (PEM) of attestation documents, such as a software NSM's; read at each request that has one. Without it, AWS's
    /// own root: documents of real enclaves
    #[arg(long, value_name = "FILE")]
    nsm_root: Option<PathBuf>,
    /// How old an attestation document may be. AWS does not say what its limit is
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    max_document_age: u64,
    /// How CiphertextForRecipient is encoded
    #[arg(long, value_name = "FORM", value_enum, default_value_t = CmsForm::Constructed)]
    cms_form: CmsForm,
    /// Misbehave: NAME for every matching request, NAME:COUNT for the next few; slow takes a duration first (slow:2s,
    /// slow:500ms:3); may be repeated. `--help` lists the names
    #[arg(long, value_name = "NAME[:COUNT]")]
    fault: Vec<Fault>,
    /// Which requests are told on stderr, a line each with the condition that failed and both values; requests.log has all
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = LogDecisions::Denied)]
    log_decisions: LogDecisions,
}

const EXAMPLE: &str = "Example:
  sealroom-mock-kms --dir kms --listen 127.0.0.1:4566 --nsm-root enclave/nsm-root.pem
  AWS_SHARED_CREDENTIALS_FILE=kms/credentials AWS_CA_BUNDLE=kms/ca.pem \\
    aws --profile owner --endpoint-url https://127.0.0.1:4566 kms create-key";

const LONG: &str = "Faults:
  throttle, expire (or expired-token)   ThrottlingException, ExpiredTokenException
  disconnect                            the connection ends without an answer
  slow:DURATION                         the answer comes late
  wrong-key-id                          the answer names another key
  plaintext, plaintext-too, no-cfr      with a recipient: the plaintext instead of, or beside,
                                        CiphertextForRecipient; or neither
  tampered-cms                          with a recipient: one bit of the encrypted content key
                                        is flipped
  substituted-key, short-key            with a recipient: another key; the last byte is missing
  together:COUNT                        Decrypt with sealroom:field in the context: no answer
                                        before COUNT of them wait

Example:
  sealroom-mock-kms --dir kms --listen 127.0.0.1:4566 --nsm-root enclave/nsm-root.pem
  AWS_SHARED_CREDENTIALS_FILE=kms/credentials AWS_CA_BUNDLE=kms/ca.pem \\
    aws --profile owner --endpoint-url https://127.0.0.1:4566 kms create-key

  # KMS as a hostile parent would answer, three times
  sealroom-mock-kms --dir kms --nsm-root enclave/nsm-root.pem --fault plaintext:3";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = Settings {
        folder: arguments.dir,
        tls_hosts: arguments.tls_host,
        nsm_root: arguments.nsm_root,
        max_document_age: Duration::from_secs(arguments.max_document_age),
        cms_form: arguments.cms_form,
        faults: arguments.fault,
        log_decisions: arguments.log_decisions,
    };
    let served = match TcpListener::bind(arguments.listen).await {
        Ok(listener) => kms::serve(settings, listener).await,
        Err(error) => Err(std::io::Error::other(format!("{}: {error}; choose another with --listen", arguments.listen))),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sealroom-mock-kms: {error}");
            ExitCode::FAILURE
        }
    }
}
