//! `sealroom ping`: whether an enclave answers on its job port. No job, no key, no data.

use std::time::{Duration, Instant};

use sealroom_shared::{
    address::EnclaveAddress,
    wire::{self, Hello, Kind, Writer},
};
use tokio::time::{sleep, timeout};

use crate::{
    failure::{Failure, Result},
    limits,
    report::Report,
    transport,
};

/// Ask an enclave whether it answers, and wait until it does
///
/// Says only that something speaks Sealroom's protocol there; what it is shows a receipt.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Ping {
    /// Where the enclave listens: vsock://CID:PORT or unix:PATH
    #[arg(long, value_name = "ADDRESS")]
    enclave: EnclaveAddress,
    /// Try again for this many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u64,
}

impl Ping {
    /// Tries until an enclave answers or the time is over.
    pub async fn run(self) -> Result<Report> {
        let deadline = Instant::now() + Duration::from_secs(self.wait);
        loop {
            match ask(&self.enclave).await {
                Ok(()) => break,
                Err(failure) if Instant::now() >= deadline => return Err(failure),
                Err(_) => sleep(BETWEEN).await,
            }
        }
        Ok(Report::note(
            serde_json::json!({ "enclave": self.enclave.to_string(), "protocol": wire::VERSION }),
            format!("{} answers, protocol version {}", self.enclave, wire::VERSION),
        ))
    }
}

/// Exchanges greetings with whatever listens at `enclave`. `doctor` asks the same.
pub async fn ask(enclave: &EnclaveAddress) -> Result<()> {
    let mut stream = transport::dial(enclave).await?;
    let mut nonce = [0; 32];
    // The system's own: aws-lc's generator takes a tenth of a second to start, for keys that are not made here.
    getrandom::fill(&mut nonce).map_err(|_| Failure::new("internal", "the system's random source failed"))?;
    let exchange = async {
        Writer::new(&mut stream).frame(Kind::Hello, &Hello { nonce }.encode()).await?;
        let mut payload = Vec::new();
        match wire::read(&mut stream, &mut payload).await? {
            Kind::Hello => wire::parse_enclave_hello(&payload),
            _ => Err(wire::WireError::Unexpected),
        }
    };
    let answered = timeout(limits::ENCLAVE_DEADLINE, exchange).await;
    let problem = match answered {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    Err(Failure::new("enclave-unreachable", format!("{enclave} does not answer as an enclave of Sealroom: {problem}"))
        .help("is it running (`nitro-cli describe-enclaves`), and are this CID and port its own? all its places may be taken; `sealroom doctor` looks further"))
}

const BETWEEN: Duration = Duration::from_millis(500);

const EXAMPLE: &str = "\
Example:
  sealroom ping --enclave vsock://16:5000 --wait 60
";
