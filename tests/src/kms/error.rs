//! Errors as KMS writes them: HTTP 400, `__type`, and a text under `message`, `Message` or not at all.

use serde_json::{Value, json};

/// An answer other than success.
#[derive(Debug)]
pub(super) struct KmsError {
    code: &'static str,
    text: Option<String>,
}

impl KmsError {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: Some(text.into()) }
    }

    /// Without a text, as some are recorded.
    pub(super) fn silent(code: &'static str) -> Self {
        Self { code, text: None }
    }

    /// Recorded: the body is exactly `{"__type":"InvalidCiphertextException"}`.
    pub(super) fn invalid_ciphertext() -> Self {
        Self::silent("InvalidCiphertextException")
    }

    pub(super) fn validation(text: impl Into<String>) -> Self {
        Self::new("ValidationException", text)
    }

    /// A constraint of the service's model, in the recorded wording. `value` is left out for blobs.
    pub(super) fn constraint(value: Option<&str>, member: &str, constraint: &str) -> Self {
        let value = value.map(|value| format!("'{value}' ")).unwrap_or_default();
        Self::validation(format!(
            "1 validation error detected: Value {value}at '{member}' failed to satisfy constraint: Member must {constraint}"
        ))
    }

    pub(super) fn not_found(text: impl Into<String>) -> Self {
        Self::new("NotFoundException", text)
    }

    pub(super) fn code(&self) -> &'static str {
        self.code
    }

    pub(super) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    pub(super) fn body(&self) -> Value {
        match &self.text {
            None => json!({"__type": self.code}),
            // Recorded with a capital letter, unlike the exceptions of KMS's own model.
            Some(text) if self.code == "AccessDeniedException" => json!({"__type": self.code, "Message": text}),
            Some(text) => json!({"__type": self.code, "message": text}),
        }
    }
}

/// A fault of the mock itself: its files, its cryptography.
impl From<std::io::Error> for KmsError {
    fn from(error: std::io::Error) -> Self {
        Self::new("KMSInternalException", format!("mock KMS: {error}"))
    }
}

impl From<aws_lc_rs::error::Unspecified> for KmsError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::new("KMSInternalException", "mock KMS: cryptography failed")
    }
}
