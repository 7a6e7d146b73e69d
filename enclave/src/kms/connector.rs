//! The SDK's transport: dial the parent's relay, do TLS here, send one HTTP/1.1 request, read a bounded answer.
//!
//! The relay sees TLS bytes only. Which server it should reach stands in the ClientHello; whether it did is decided by
//! the certificate, against the measured trust anchors, at attested time.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::clock::AttestedClock;
use crate::config::Config;
use crate::parent_service::ParentService;

/// The only way out of the enclave to KMS.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    relay: ParentService,
    hosts: Arc<BTreeSet<String>>,
    tls: Arc<ClientConfig>,
}

impl Connector {
    pub(super) fn new(relay: ParentService, config: &Config, clock: Arc<AttestedClock>) -> Result<Self, rustls::Error> {
        let mut anchors = RootCertStore::empty();
        for anchor in &config.trust_anchors {
            anchors.add(anchor.clone())?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        // With the feature `prefer-post-quantum` the default provider offers X25519MLKEM768 first.
        let mut tls = ClientConfig::builder_with_details(provider, clock)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(anchors)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { relay, hosts: Arc::new(config.hosts.values().cloned().collect()), tls: Arc::new(tls) })
    }

    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let mut request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let host = request.uri().host().unwrap_or_default().to_owned();
        let https = request.uri().scheme_str() == Some("https") && request.uri().port_u16().is_none_or(|port| port == 443);
        if !https || !self.hosts.contains(&host) {
            return Err(ConnectorError::user("not a host of the measured configuration".into()));
        }
        let name = ServerName::try_from(host.clone()).map_err(|error| ConnectorError::user(error.into()))?;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse();
        *request.uri_mut() = path.map_err(|_| ConnectorError::user("malformed path".into()))?;
        let host = host.parse().map_err(|_| ConnectorError::user("malformed host".into()))?;
        request.headers_mut().insert(hyper::header::HOST, host);

        let stream = self.relay.connect().await.map_err(|error| ConnectorError::io(error.into()))?;
        let stream = TlsConnector::from(self.tls).connect(name, stream).await.map_err(tls_failure)?;
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(ANSWER_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ConnectorError::io(error.into()))?;
        // Ends with this future, also where the SDK's deadline drops it: a relay that stalls must leave nothing behind.
        let mut tasks = JoinSet::new();
        tasks.spawn(connection);
        let answer = async {
            let (head, body) = sender.send_request(request).await.map_err(|error| ConnectorError::io(error.into()))?.into_parts();
            let body = Limited::new(body, ANSWER_BYTES).collect().await.map_err(|error| {
                let cause: Box<dyn std::error::Error + Send + Sync> = error;
                if cause.is::<http_body_util::LengthLimitError>() { ConnectorError::user(cause) } else { ConnectorError::io(cause) }
            })?;
            let answer = hyper::Response::from_parts(head, SdkBody::from(body.to_bytes()));
            HttpResponse::try_from(answer).map_err(|error| ConnectorError::user(error.into()))
        };
        answer.await
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

impl HttpClient for Connector {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// A peer that fails TLS itself (its certificate above all) is not KMS: marked as a fault of the call, so the SDK does
/// not try again. A connection that merely broke is tried again.
fn tls_failure(error: io::Error) -> ConnectorError {
    let is_tls = error.get_ref().is_some_and(|cause| cause.is::<rustls::Error>());
    if is_tls { ConnectorError::user(error.into()) } else { ConnectorError::io(error.into()) }
}

/// An answer of KMS is under 20 KiB.
const ANSWER_BYTES: usize = 64 * 1024;
