//! The HTTPS side: connections, one request after the other on each, and the shape of answers.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::Server;
use super::error::KmsError;
use super::fault::FaultKind;
use super::key::uuid;
use super::operations::{self, Call};
use super::request_log::Entry;
use super::sigv4;

pub(super) async fn accept(listener: TcpListener, tls: TlsAcceptor, server: Arc<Server>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        // Answers are small and wait for nothing.
        stream.set_nodelay(true)?;
        tokio::spawn(connection(stream, tls.clone(), server.clone()));
    }
}

/// Serves one connection to its end. What a client does wrong on this level is its own affair.
async fn connection(stream: TcpStream, tls: TlsAcceptor, server: Arc<Server>) {
    let Ok(stream) = tls.accept(stream).await else { return };
    let service = service_fn(move |request| answer(request, server.clone()));
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// An error here ends the connection without an answer.
async fn answer(request: Request<Incoming>, server: Arc<Server>) -> Result<Response<Full<Bytes>>, io::Error> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, BODY_MAX).collect().await.map_err(io::Error::other)?.to_bytes();
    let mut entry = Entry::new(uuid().unwrap_or_default());
    entry.operation = operation(&parts).to_owned();
    if let Some(delay) = server.faults.delay() {
        entry.faults.push(FaultKind::Slow.name());
        tokio::time::sleep(delay).await;
    }
    let disconnect = server.faults.happens(FaultKind::Disconnect);
    if disconnect {
        entry.faults.push(FaultKind::Disconnect.name());
    }
    let mut result = if disconnect { Err(KmsError::new("disconnect", "")) } else { handle(&parts, &body, &server, &mut entry) };
    if entry.operation == "Decrypt" && entry.encryption_context.contains_key("sealroom:field") && !server.faults.all_are_here().await {
        result = Err(KmsError::new("KMSInternalException", "mock KMS: the other requests did not come"));
    }
    entry.outcome = result.as_ref().map_or_else(|error| error.code().to_owned(), |_| "ok".to_owned());
    entry.message = result.as_ref().err().and_then(|error| error.text().map(str::to_owned));
    entry.duration_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    server.log.write(&mut entry)?;
    if disconnect {
        return Err(io::Error::other("fault: disconnect"));
    }
    let (status, body) = match result {
        Ok(Value::Null) => (StatusCode::OK, Vec::new()),
        Ok(answer) => (StatusCode::OK, serde_json::to_vec(&answer)?),
        Err(error) => (StatusCode::BAD_REQUEST, serde_json::to_vec(&error.body())?),
    };
    Response::builder()
        .status(status)
        .header(CONTENT_TYPE, CONTENT)
        .header("x-amzn-requestid", entry.request_id)
        .body(Full::from(body))
        .map_err(io::Error::other)
}

fn handle(parts: &Parts, body: &[u8], server: &Server, entry: &mut Entry) -> Result<Value, KmsError> {
    let operation = operation(parts);
    if parts.method != Method::POST || parts.uri.path() != "/" || parts.uri.query().is_some() || operation.is_empty() {
        return Err(KmsError::new("UnknownOperationException", "mock KMS: expected POST / with X-Amz-Target: TrentService.NAME"));
    }
    let now = Timestamp::now();
    let caller = sigv4::verify(parts, body, &server.credentials, now)?;
    entry.principal = Some(caller.principal.arn().to_owned());
    if server.faults.happens(FaultKind::Expire) {
        entry.faults.push(FaultKind::Expire.name());
        return Err(KmsError::new("ExpiredTokenException", "The security token included in the request is expired"));
    }
    if server.faults.happens(FaultKind::Throttle) {
        entry.faults.push(FaultKind::Throttle.name());
        return Err(KmsError::new(
            "ThrottlingException",
            "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
        ));
    }
    let input = serde_json::from_slice(body).map_err(|error| KmsError::new("SerializationException", error.to_string()))?;
    operations::dispatch(operation, Call { server, caller, input, entry, now })
}

/// The operation's name, from the header that carries it; empty where there is none.
fn operation(parts: &Parts) -> &str {
    let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    target.strip_prefix("TrentService.").unwrap_or_default()
}

const CONTENT: &str = "application/x-amz-json-1.1";

/// Bytes of a request: an attestation document of 262144 bytes in base64, and the rest.
const BODY_MAX: usize = 1024 * 1024;
