//! The way to KMS from the parent, which is the relay's as well: the name resolves, TCP connects, TLS ends at a certificate
//! that is believed. One request without a signature is sent; whatever KMS answers, its `Date` says what time it is.

use std::time::SystemTime;

use aws_sdk_kms::config::http::HttpRequest;
use aws_smithy_runtime_api::client::http::HttpConnector;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::{
    Aws, STEP, Subject, clock,
    endpoint::{self, Endpoint},
};
use crate::{
    kms::{AwsOptions, causes},
    verdict::Verdict,
};

/// Each endpoint in turn. Returns the Regions whose KMS answers: asking the others anything else would only cost time.
pub async fn check(verdict: &mut Verdict, aws: &Aws, subject: &Subject) -> Vec<String> {
    let skip_all = |verdict: &mut Verdict, reason: &str| {
        [CONNECT, TLS, clock::NAME].iter().for_each(|name| verdict.skip(*name, reason));
    };
    match endpoint::all(&subject.aws, aws.config.as_ref().ok(), &aws.regions) {
        Err(problem) => {
            verdict.refuse(RESOLVE, problem, "expected https://HOST or https://HOST:PORT");
            skip_all(verdict, "the endpoint cannot be read");
            Vec::new()
        }
        Ok(endpoints) if endpoints.is_empty() => {
            verdict.skip(RESOLVE, NO_REGION);
            skip_all(verdict, NO_REGION);
            Vec::new()
        }
        Ok(endpoints) => {
            let mut answering = Vec::new();
            for endpoint in endpoints {
                if let Err(reason) = reach(verdict, &endpoint).await {
                    [TLS, clock::NAME].iter().for_each(|name| verdict.skip(*name, reason));
                } else if ask(verdict, &subject.aws, &endpoint).await {
                    answering.extend(endpoint.regions);
                }
            }
            answering
        }
    }
}

/// Resolves the name and connects.
async fn reach(verdict: &mut Verdict, endpoint: &Endpoint) -> Result<(), &'static str> {
    let host = &endpoint.host;
    let addresses = match timeout(STEP, lookup_host(host.parts())).await {
        Ok(Ok(addresses)) => addresses.map(|address| address.ip().to_string()).take(3).collect::<Vec<_>>(),
        Ok(Err(error)) => {
            verdict.refuse(RESOLVE, format!("{host} does not resolve: {error}"), RESOLVE_MEND);
            verdict.skip(CONNECT, UNRESOLVED);
            return Err(UNRESOLVED);
        }
        Err(_) => {
            verdict.refuse(RESOLVE, format!("{host} does not resolve within {} s", STEP.as_secs()), RESOLVE_MEND);
            verdict.skip(CONNECT, UNRESOLVED);
            return Err(UNRESOLVED);
        }
    };
    verdict.check(RESOLVE, true, format!("{host} is {}", addresses.join(", ")));
    match timeout(STEP, TcpStream::connect(host.parts())).await {
        Ok(Ok(_)) => {
            verdict.check(CONNECT, true, format!("{host} takes connections"));
            Ok(())
        }
        Ok(Err(error)) => {
            verdict.refuse(CONNECT, format!("cannot connect to {host}: {error}"), CONNECT_MEND);
            Err(UNCONNECTED)
        }
        Err(_) => {
            verdict.refuse(CONNECT, format!("cannot connect to {host} within {} s", STEP.as_secs()), CONNECT_MEND);
            Err(UNCONNECTED)
        }
    }
}

/// Sends one request without a signature; true where anything answers it.
async fn ask(verdict: &mut Verdict, options: &AwsOptions, endpoint: &Endpoint) -> bool {
    let host = endpoint.host.to_string();
    let problem = match options.connector() {
        Err(failure) => {
            verdict.refuse(TLS, failure.message(), "correct --ca-bundle or AWS_CA_BUNDLE, or leave it out");
            verdict.skip(clock::NAME, UNANSWERED);
            return false;
        }
        Ok(connector) => match HttpRequest::get(&endpoint.url).map(|request| timeout(STEP, connector.call(request))) {
            Err(_) => "its URL is malformed".to_owned(),
            Ok(answer) => match answer.await {
                Ok(Ok(answer)) => {
                    if endpoint.is_https() {
                        verdict.check(TLS, true, format!("{host} answers, and its certificate is believed"));
                    } else {
                        verdict.skip(TLS, format!("{} is without TLS: anybody on the way can read and answer", endpoint.url));
                    }
                    clock::check(verdict, &host, SystemTime::now(), answer.headers().get("date"));
                    return true;
                }
                Ok(Err(error)) => causes(&error),
                Err(_) => format!("not within {} s", STEP.as_secs()),
            },
        },
    };
    verdict.refuse(TLS, format!("{host} does not answer over TLS: {problem}"), TLS_MEND);
    verdict.skip(clock::NAME, UNANSWERED);
    false
}

const RESOLVE: &str = "kms-name";
const CONNECT: &str = "kms-connects";
const TLS: &str = "kms-tls";

const NO_REGION: &str = "no Region is known: name a --key or a --region";
const UNRESOLVED: &str = "KMS's name does not resolve";
const UNCONNECTED: &str = "KMS does not take connections";
const UNANSWERED: &str = "KMS does not answer";

const RESOLVE_MEND: &str = "is the Region's name right? then look at the VPC: DNS support on; without a way to the Internet, a VPC endpoint for \
                            KMS with private DNS";
const CONNECT_MEND: &str = "let port 443 out: security group, network ACL, route (NAT or a VPC endpoint for KMS, whose security group lets the \
                            instance in)";
const TLS_MEND: &str = "TLS must reach AWS KMS itself: nothing on the way may open it, for the enclave would refuse that (kms-untrusted); with a \
                        private endpoint, pass its --ca-bundle";
