//! Bounds of the parent's own services, each with its reason. What both sides must agree on stands in `sealroom_shared::limits`.

use std::time::Duration;

/// Bytes of TLS records read before the server name must be known. Real ClientHellos with post-quantum shares take about 2 KiB.
pub const CLIENT_HELLO: usize = 16 * 1024;

/// Time for a connection to say its server name.
pub const CLIENT_HELLO_DEADLINE: Duration = Duration::from_secs(5);

/// Time to reach an allowed host.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// A relayed connection on which no byte moves for this long is closed. KMS itself answers within seconds.
pub const RELAY_IDLE: Duration = Duration::from_secs(60);

/// Connections that one service of the proxy holds at once; the enclave opens one per KMS call.
pub const CONNECTIONS: usize = 64;

/// Time to resolve and hand over credentials. A profile that runs a command or asks SSO takes seconds.
pub const CREDENTIALS_DEADLINE: Duration = Duration::from_secs(20);

/// Credentials that expire sooner than this are resolved again.
pub const CREDENTIALS_FRESH: Duration = Duration::from_secs(5 * 60);

/// Bytes of one line of the enclave's log that are printed.
pub const LOG_LINE: usize = 4 * 1024;

/// Time to reach the enclave's job port.
pub const ENCLAVE_DEADLINE: Duration = Duration::from_secs(10);

/// A submitted job in which no frame moves either way for this long is given up. Opening, key release and a full frame
/// take seconds; standard input as the input is the submitter's own affair and does not count.
pub const SUBMIT_IDLE: Duration = Duration::from_secs(10 * 60);

/// Bytes of a private key in PEM: RSA-8192 takes 6.5 KiB.
pub const PRIVATE_KEY: usize = 32 * 1024;

/// Bytes of `--ca-bundle`: the bundle of a whole operating system takes about 250 KiB.
pub const CA_BUNDLE: usize = 4 * 1024 * 1024;

/// Bytes of a file that holds an attestation document, in base64 with line ends.
pub const ATTESTATION_FILE: usize = 32 * 1024;

/// How far ahead of this machine's clock a document may have been made: two clocks that are kept by NTP differ by far less.
pub const CLOCK_AHEAD: Duration = Duration::from_secs(60);

/// Bytes of a measurements file or of a trust anchor.
pub const MEASUREMENTS: usize = 64 * 1024;

/// Bytes read at once from a file or standard input.
pub const CHUNK: usize = 256 * 1024;

/// Bytes of a piece whose digest is kept while a file is read a second time: 32 bytes for each, so 32 MiB for a TiB.
pub const SEEN_PIECE: usize = 1024 * 1024;

/// Bytes of a sample of records in the clear. It is held whole, and so is what becomes of it.
pub const SAMPLE: usize = 16 * 1024 * 1024;

/// Bytes of a discovery job's opened output: as many fields as a policy names take half of it.
pub const DISCOVERY: usize = 16 * 1024 * 1024;

/// Bytes of one file of CloudTrail events, read whole: far more than the log files of an hour in a busy account.
pub const CLOUDTRAIL_EVENTS: usize = 64 * 1024 * 1024;
