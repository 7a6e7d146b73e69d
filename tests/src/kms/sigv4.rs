//! AWS Signature Version 4 of one request (header form), checked for real: canonical request, signed headers, hash of the
//! body, five minutes of clock skew, session token. Called by `http` before anything else is looked at.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use http::HeaderMap;
use http::request::Parts;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use sealroom_parent::key_policy::Principal;
use sealroom_shared::digest::hex;

use super::credentials::Credentials;
use super::error::KmsError;

/// Who signed, for which region.
pub(super) struct Caller {
    pub(super) principal: Principal,
    /// `aws:PrincipalArn`.
    pub(super) principal_arn: String,
    pub(super) region: String,
}

pub(super) fn verify(parts: &Parts, body: &[u8], credentials: &Credentials, now: Timestamp) -> Result<Caller, KmsError> {
    let headers = &parts.headers;
    let Some(authorization) = header(headers, "authorization") else {
        return Err(KmsError::new("MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    let authorization = Authorization::parse(authorization).ok_or_else(|| {
        KmsError::new(
            "IncompleteSignatureException",
            "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters.",
        )
    })?;
    let profile = credentials.find(authorization.access_key_id, header(headers, "x-amz-security-token"))?;
    let date = header(headers, "x-amz-date").unwrap_or_default();
    authorization.check_scope(date)?;
    authorization.check_signed_headers(headers)?;
    let canonical = canonical_request(parts, &authorization.signed_headers, body)?;
    let text = format!("{ALGORITHM}\n{date}\n{}\n{}", authorization.scope, hex(digest(&SHA256, canonical.as_bytes()).as_ref()));
    // The signing key: an HMAC chain over date, region, service and `aws4_request`.
    let key = authorization.scope.split('/').fold(format!("AWS4{}", profile.secret).into_bytes(), |key, part| mac(&key, part));
    let expected = hex(&mac(&key, &text));
    if verify_slices_are_equal(expected.as_bytes(), authorization.signature.as_bytes()).is_err() {
        return Err(invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ));
    }
    check_skew(date, now)?;
    Ok(Caller {
        principal: profile.principal.clone(),
        principal_arn: profile.principal_arn.clone(),
        region: authorization.region.to_owned(),
    })
}

struct Authorization<'a> {
    access_key_id: &'a str,
    /// `DATE/REGION/kms/aws4_request`.
    scope: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let fields = header.strip_prefix(ALGORITHM)?.trim_start();
        let field = |name: &str| fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
        let (access_key_id, scope) = field("Credential")?.split_once('/')?;
        let mut parts = scope.split('/');
        let (date, region, service, "aws4_request", None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next())
        else {
            return None;
        };
        let signed_headers = field("SignedHeaders")?.split(';').collect();
        Some(Self { access_key_id, scope, date, region, service, signed_headers, signature: field("Signature")? })
    }

    fn check_scope(&self, date: &str) -> Result<(), KmsError> {
        if self.service != "kms" {
            return Err(invalid("Credential should be scoped to correct service: 'kms'."));
        }
        if !date.starts_with(self.date) {
            return Err(invalid("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP"));
        }
        Ok(())
    }

    /// `host` and every `x-amz-` header must be signed, so that none can be changed.
    fn check_signed_headers(&self, headers: &HeaderMap) -> Result<(), KmsError> {
        let amazon = headers.keys().map(|name| name.as_str()).filter(|name| name.starts_with("x-amz-"));
        match std::iter::once("host").chain(amazon).find(|name| !self.signed_headers.contains(name)) {
            None => Ok(()),
            Some(name) => Err(invalid(&format!("'{name}' must be a 'SignedHeader' in the AWS Authorization."))),
        }
    }
}

fn canonical_request(parts: &Parts, signed_headers: &[&str], body: &[u8]) -> Result<String, KmsError> {
    let mut lines = String::new();
    for name in signed_headers {
        let values: Vec<_> = parts.headers.get_all(*name).iter().map(|value| value.to_str().unwrap_or_default()).collect();
        if values.is_empty() {
            return Err(invalid("A signed header is missing from the request."));
        }
        let collapsed = values.iter().map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" "));
        lines += &format!("{name}:{}\n", collapsed.collect::<Vec<_>>().join(","));
    }
    // Requests of this protocol have path `/` and no query; the caller has refused others.
    Ok(format!("{}\n/\n\n{lines}\n{}\n{}", parts.method, signed_headers.join(";"), hex(digest(&SHA256, body).as_ref())))
}

fn check_skew(date: &str, now: Timestamp) -> Result<(), KmsError> {
    let signed = DateTime::strptime(DATE_FORMAT, date).ok().and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    let Some(signed) = signed.map(|date| date.timestamp()) else {
        return Err(invalid("Date must be in ISO-8601 'basic format'."));
    };
    let text = |time: Timestamp| time.strftime(DATE_FORMAT).to_string();
    let (oldest, newest) = (now - 5.minutes(), now + 5.minutes());
    if signed < oldest {
        let (oldest, now) = (text(oldest), text(now));
        return Err(invalid(&format!("Signature expired: {date} is now earlier than {oldest} ({now} - 5 min.)")));
    }
    if signed > newest {
        let (newest, now) = (text(newest), text(now));
        return Err(invalid(&format!("Signature not yet current: {date} is still later than {newest} ({now} + 5 min.)")));
    }
    Ok(())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn invalid(text: &str) -> KmsError {
    KmsError::new("InvalidSignatureException", text)
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";
