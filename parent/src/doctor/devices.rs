//! The two devices of a parent instance: `/dev/nitro_enclaves`, through which nitro-cli runs enclaves, and `/dev/vsock`,
//! which shows that the kernel carries connections to them.

use std::{fs::OpenOptions, io::ErrorKind};

use super::machine::Instance;
use crate::verdict::Verdict;

/// Looks that both are there, and that this user may use the first. Connections over vsock need no right to the second.
pub fn check(verdict: &mut Verdict, instance: Instance<'_>) {
    let machine = match instance {
        Ok(machine) => machine,
        Err(reason) => {
            verdict.skip("dev-nitro-enclaves", reason);
            verdict.skip("dev-vsock", reason);
            return;
        }
    };
    // Opening the device does nothing; ioctls on it would.
    match OpenOptions::new().read(true).write(true).open(machine.path("/dev/nitro_enclaves")) {
        Ok(_) => verdict.check("dev-nitro-enclaves", true, "/dev/nitro_enclaves is there and open to this user"),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            verdict.refuse("dev-nitro-enclaves", "/dev/nitro_enclaves is not there", NOT_ENABLED);
        }
        Err(error) => {
            verdict.refuse("dev-nitro-enclaves", format!("/dev/nitro_enclaves is not open to this user: {error}"), NOT_IN_GROUP);
        }
    }
    if machine.path("/dev/vsock").exists() {
        verdict.check("dev-vsock", true, "/dev/vsock is there");
    } else {
        verdict.refuse(
            "dev-vsock",
            "/dev/vsock is not there: the kernel has no vsock",
            "`sudo modprobe vmw_vsock_virtio_transport`; in a container, pass the device in",
        );
    }
}

const NOT_ENABLED: &str = "stop the instance and enable enclaves for it (EC2 › Instance settings › Change Nitro Enclaves), on an instance type \
                           that has them; in a container, pass the device in";
const NOT_IN_GROUP: &str = "`sudo usermod -aG ne $USER`, then log in again";
