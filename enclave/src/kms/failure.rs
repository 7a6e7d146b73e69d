//! Why a KMS call gave no key, as far as what follows depends on it.

use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sealroom_shared::wire::Refusal;

/// A failed KMS call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KmsError {
    /// This key does not open for this enclave; another encrypted data key of the message may.
    #[error("KMS denied the key, or the key is not there or not enabled")]
    Denied,
    /// KMS refused the request as a whole: credentials, signature or attestation document.
    #[error("KMS refused the request")]
    Refused,
    /// The wrapped data key or its encryption context was altered.
    #[error("KMS does not open this ciphertext under this encryption context")]
    Ciphertext,
    /// The Region is not one of the measured configuration's.
    #[error("the key's Region is not in the measured configuration")]
    Region,
    /// No answer in time.
    #[error("KMS could not be reached, or gave no answer in time")]
    Unavailable,
    /// The peer is not KMS, or the answer is not one that can be believed.
    #[error("the answer cannot be believed")]
    Untrusted,
    /// The NSM gave no document, so there is no time and no attestation.
    #[error("the NSM gave no attestation document")]
    Clock,
}

impl KmsError {
    pub(super) fn from_sdk<E: ProvideErrorMetadata>(error: SdkError<E, HttpResponse>) -> Self {
        match error {
            SdkError::ServiceError(failure) => Self::from_code(failure.err().code(), failure.raw().status().as_u16()),
            SdkError::DispatchFailure(failure) if failure.is_user() => Self::Untrusted,
            SdkError::ResponseError(_) => Self::Untrusted,
            _ => Self::Unavailable,
        }
    }

    fn from_code(code: Option<&str>, status: u16) -> Self {
        match code {
            Some(
                "AccessDeniedException" | "NotFoundException" | "DisabledException" | "KMSInvalidStateException" | "IncorrectKeyException",
            ) => Self::Denied,
            Some("InvalidCiphertextException") => Self::Ciphertext,
            Some(
                "ThrottlingException"
                | "LimitExceededException"
                | "KeyUnavailableException"
                | "DependencyTimeoutException"
                | "KMSInternalException",
            ) => Self::Unavailable,
            _ if status >= 500 => Self::Unavailable,
            Some(_) => Self::Refused,
            None => Self::Untrusted,
        }
    }
}

impl From<KmsError> for Refusal {
    fn from(error: KmsError) -> Self {
        match error {
            KmsError::Denied | KmsError::Refused => Self::KeyDenied,
            KmsError::Ciphertext => Self::InputCorrupt,
            KmsError::Region => Self::KeyNotAllowed,
            KmsError::Unavailable => Self::KmsUnavailable,
            KmsError::Untrusted => Self::KmsUntrusted,
            KmsError::Clock => Self::Clock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_of_the_key_itself_lets_the_next_one_be_tried() {
        for code in ["AccessDeniedException", "NotFoundException", "DisabledException", "KMSInvalidStateException", "IncorrectKeyException"]
        {
            assert_eq!(KmsError::from_code(Some(code), 400), KmsError::Denied);
        }
        for (code, status, expected) in [
            (Some("InvalidCiphertextException"), 400, KmsError::Ciphertext),
            (Some("ThrottlingException"), 400, KmsError::Unavailable),
            (Some("UnrecognizedClientException"), 400, KmsError::Refused),
            (Some("ValidationException"), 400, KmsError::Refused),
            (Some("SomethingNew"), 400, KmsError::Refused),
            (None, 503, KmsError::Unavailable),
            (None, 200, KmsError::Untrusted),
        ] {
            assert_eq!(KmsError::from_code(code, status), expected);
        }
    }
}
