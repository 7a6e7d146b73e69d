//! `/dev/nsm` through AWS's own crate. The only place that knows that crate; it decodes the hypervisor's replies alone.

use aws_nitro_enclaves_nsm_api::api::{Request, Response};
use aws_nitro_enclaves_nsm_api::driver;

use super::{About, Document, Nsm, NsmError};

/// The open device.
pub struct Device {
    descriptor: i32,
}

impl Device {
    /// Opens `/dev/nsm` and asks it what it is.
    ///
    /// # Errors
    /// [`NsmError::Absent`] where there is no device, [`NsmError::Refused`] where it does not answer.
    pub fn open() -> Result<Self, NsmError> {
        let descriptor = driver::nsm_init();
        if descriptor < 0 {
            return Err(NsmError::Absent);
        }
        let device = Self { descriptor };
        match device.ask(Request::DescribeNSM) {
            Response::DescribeNSM { .. } => Ok(device),
            _ => Err(NsmError::Refused),
        }
    }

    fn ask(&self, request: Request) -> Response {
        driver::nsm_process_request(self.descriptor, request)
    }
}

impl Nsm for Device {
    fn attest(&self, about: &About<'_>) -> Result<Document, NsmError> {
        let (public_key, user_data, nonce) = match about {
            About::Recipient { public_key } => (Some(public_key.to_vec().into()), None, None),
            About::Receipt { user_data, nonce } => (None, Some(user_data.to_vec().into()), Some(nonce.to_vec().into())),
            About::Time => (None, None, None),
        };
        match self.ask(Request::Attestation { user_data, nonce, public_key }) {
            Response::Attestation { document } => Document::from_nsm(document),
            Response::Error(_) => Err(NsmError::Refused),
            _ => Err(NsmError::Answer),
        }
    }

    fn random(&self) -> Result<Vec<u8>, NsmError> {
        match self.ask(Request::GetRandom) {
            Response::GetRandom { random } if !random.is_empty() => Ok(random),
            Response::Error(_) => Err(NsmError::Refused),
            _ => Err(NsmError::Answer),
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        driver::nsm_exit(self.descriptor);
    }
}
