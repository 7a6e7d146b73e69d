//! `sealroom proxy`: what an enclave needs from its parent while it runs.

use std::{io::Write, path::PathBuf, sync::Arc};

use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    failure::{Failure, Result},
    kms::AwsOptions,
    relay::{
        self,
        allow_list::{AllowList, HostPort, Redirect},
        credentials::CredentialsService,
        log,
    },
    report::Report,
    transport::Listening,
};

/// Serve an enclave on its parent: relay TLS to KMS, hand over AWS credentials, print its log
///
/// Prints `ready` once it listens, and ends cleanly on SIGTERM or SIGINT. The relay forwards TLS bytes to the allowed
/// hosts and sees nothing in them. AWS's own `vsock-proxy` can stand in for the relay (start it on port 8000 for one
/// Region's KMS host); credentials and log are then still served by this command.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub struct Proxy {
    /// Serve the enclave with this CID over vsock; connections from others are dropped
    #[arg(long, value_name = "CID", value_parser = clap::value_parser!(u32).range(3..u32::MAX as i64), required_unless_present = "unix", conflicts_with = "unix")]
    enclave_cid: Option<u32>,
    /// Serve on the Unix sockets PATH_8000, PATH_8001 and PATH_8002 instead
    #[arg(long, value_name = "PATH")]
    unix: Option<PathBuf>,
    /// Host that the enclave may reach (repeatable)
    #[arg(long, value_name = "HOST:PORT")]
    allow: Vec<HostPort>,
    /// Connect elsewhere for an allowed host, such as a VPC endpoint's address (repeatable)
    #[arg(long, value_name = "HOST:PORT=ADDR:PORT")]
    connect: Vec<Redirect>,
    /// Port of the relay
    #[arg(long, value_name = "PORT", default_value_t = 8000)]
    relay_port: u32,
    /// Port of the credentials service
    #[arg(long, value_name = "PORT", default_value_t = 8001)]
    credentials_port: u32,
    /// Port of the log service
    #[arg(long, value_name = "PORT", default_value_t = 8002)]
    log_port: u32,
    #[command(flatten)]
    aws: AwsOptions,
}

impl Proxy {
    /// Serves until a signal ends it.
    pub async fn run(self, json: bool) -> Result<Report> {
        let allowed = Arc::new(AllowList::new(&self.allow, &self.connect)?);
        let on = match (self.enclave_cid, self.unix) {
            (Some(enclave_cid), _) => Listening::Vsock { enclave_cid },
            (None, Some(path)) => Listening::Unix { path },
            (None, None) => return Err(Failure::usage("one of --enclave-cid and --unix is needed")),
        };
        let shared = self.aws.load(None).await?;
        let provider: SharedCredentialsProvider = shared
            .credentials_provider()
            .ok_or_else(|| Failure::new("credentials", "AWS's configuration names no source of credentials"))?;
        let credentials = Arc::new(CredentialsService::new(provider));
        let internal = |error| Failure::new("internal", format!("cannot listen for signals: {error}"));
        let mut terminate = signal(SignalKind::terminate()).map_err(internal)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(internal)?;

        let relay_port = on.listen(self.relay_port).await?;
        let credentials_port = on.listen(self.credentials_port).await?;
        let log_port = on.listen(self.log_port).await?;
        say_ready(json)?;
        tokio::select! {
            () = relay::serve(relay_port, |stream| relay::relay(stream, Arc::clone(&allowed))) => {}
            () = relay::serve(credentials_port, |stream| {
                let credentials = Arc::clone(&credentials);
                async move { credentials.answer(stream).await }
            }) => {}
            () = relay::serve(log_port, log::print_lines) => {}
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        Ok(Report::note(serde_json::json!({ "event": "ended" }), "proxy: ended"))
    }
}

/// Tells who waits for it that every port listens.
fn say_ready(json: bool) -> Result<()> {
    let mut stdout = std::io::stdout();
    let said = if json { writeln!(stdout, "{}", serde_json::json!({ "event": "ready" })) } else { writeln!(stdout, "ready") };
    said.and_then(|()| stdout.flush()).map_err(|error| Failure::new("file", format!("cannot write to standard output: {error}")))
}

const EXAMPLE: &str = "\
Examples:
  sealroom proxy --enclave-cid 16 --allow kms.eu-central-1.amazonaws.com:443
  sealroom proxy --unix run/vsock.sock --allow kms.eu-central-1.amazonaws.com:443 \\
      --connect kms.eu-central-1.amazonaws.com:443=127.0.0.1:8443
";
