//! A KMS for tests: a real HTTPS server that speaks AWS JSON 1.1, checks SigV4, verifies attestation documents and
//! evaluates key policies as IAM does. `aws kms --endpoint-url` and the AWS SDKs work against it unchanged.
//!
//! The binary `sealroom-mock-kms` calls [`serve`]; tests run the binary. It protects nothing: its keys lie in plain files.
//! Errors follow what was recorded from real AWS; where nobody has recorded one (a bad attestation document), the message
//! says that it is the mock's own. It never answers a plaintext to a request with a recipient, unless a fault asks for it.
//!
//! Simplified against AWS: one account, [`credentials::ACCOUNT`]; every profile is allowed everything by its identity
//! policy, so key policies and grants alone decide; asymmetric keys for key agreement alone; no multi-Region or imported
//! keys; no quotas.

mod agreement;
mod authorize;
mod blob;
mod cms;
mod credentials;
mod crypto;
mod decision;
mod error;
mod fault;
mod generate;
mod grant;
mod grants;
mod http;
mod key;
mod key_pair;
mod key_spec;
mod keys;
mod operations;
mod recipient;
mod release;
mod request_log;
mod sigv4;
mod store;
mod tls;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

pub use self::cms::CmsForm;
pub use self::credentials::ACCOUNT;
pub use self::fault::Fault;
pub use self::request_log::LogDecisions;

use self::blob::Ciphertexts;
use self::credentials::Credentials;
use self::fault::Faults;
use self::recipient::Verifier;
use self::request_log::RequestLog;
use self::store::Store;

/// How the mock behaves.
pub struct Settings {
    /// Folder of its state: `ca.pem`, `ca.key`, `credentials`, `keys.json`, `requests.log`.
    pub folder: PathBuf,
    /// Names and addresses in the TLS certificate, beside the machine's own and those of KMS.
    pub tls_hosts: Vec<String>,
    /// Trust anchor (PEM) of attestation documents; `None` for AWS's own. Read at each attested request; it need not exist before.
    pub nsm_root: Option<PathBuf>,
    /// How old an attestation document may be. AWS's own limit is not published.
    pub max_document_age: Duration,
    /// How `CiphertextForRecipient` is encoded.
    pub cms_form: CmsForm,
    /// What goes wrong on purpose.
    pub faults: Vec<Fault>,
    /// Which decisions are told on stderr, beside `requests.log`.
    pub log_decisions: LogDecisions,
}

/// Everything a request needs.
struct Server {
    store: Store,
    ciphertexts: Ciphertexts,
    credentials: Credentials,
    verifier: Verifier,
    cms_form: CmsForm,
    faults: Faults,
    log: RequestLog,
}

/// Serves until the process ends. State is written before a request is answered, so the process can be killed at any time.
///
/// # Errors
/// Where the folder's files cannot be read or written, or the listener fails.
pub async fn serve(settings: Settings, listener: TcpListener) -> io::Result<()> {
    std::fs::create_dir_all(&settings.folder).map_err(|error| store::named(&settings.folder, &error))?;
    let tls = tls::acceptor(&settings.folder, &settings.tls_hosts)?;
    let server = Arc::new(Server {
        store: Store::open(&settings.folder)?,
        ciphertexts: Ciphertexts::default(),
        credentials: Credentials::open(&settings.folder)?,
        verifier: Verifier::new(settings.nsm_root, settings.max_document_age),
        cms_form: settings.cms_form,
        faults: Faults::new(settings.faults),
        log: RequestLog::open(&settings.folder, settings.log_decisions)?,
    });
    println!("listening {}", listener.local_addr()?);
    println!("ready");
    http::accept(listener, tls, server).await
}
