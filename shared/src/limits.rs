//! Every bound of the protocol and the formats, each with its reason. Both sides read this one file, so no limit can
//! drift. A bound is checked before anything is allocated for what it bounds.

/// Bytes of payload in one frame of the job protocol. One sealed frame's worth of data; small enough to buffer freely.
pub const WIRE_PAYLOAD: usize = 64 * 1024;

/// Bytes handed to one `write` on vsock. Larger writes hang on some virtio devices and were reported corrupted.
pub const VSOCK_WRITE: usize = 32 * 1024;

/// Bytes of a policy file. A policy with the most fields and recipients allowed is far smaller.
pub const POLICY_BYTES: usize = 256 * 1024;

/// Bytes of a job file.
pub const JOB_BYTES: usize = 64 * 1024;

/// Bytes of one sealed token key: a header and one 32-byte frame.
pub const TOKEN_KEY_MESSAGE_BYTES: usize = 64 * 1024;

/// Sealed token keys beside one job. One per token domain; few policies name more than two.
pub const TOKEN_KEYS: usize = 16;

/// Bytes of a sealed message's header: bounds what is buffered before anything in it is authenticated.
pub const HEADER_BYTES: usize = 64 * 1024;

/// Encrypted data keys of one sealed message. AWS's SDKs write one per keyring child; each costs a KMS call to try.
pub const ENCRYPTED_DATA_KEYS: usize = 16;

/// Pairs in an encryption context. KMS itself allows less than 8 KiB of context in all.
pub const CONTEXT_PAIRS: usize = 64;

/// Bytes of the serialized encryption context: KMS refuses more than 8192.
pub const CONTEXT_BYTES: usize = 8192;

/// Bytes of a ciphertext blob that KMS takes or gives.
pub const CIPHERTEXT_BLOB: usize = 6144;

/// Bytes of `CiphertextForRecipient` that KMS gives.
pub const CIPHERTEXT_FOR_RECIPIENT: usize = 6144;

/// Longest frame of a sealed message that is opened, in bytes. Each opener holds one frame in memory.
pub const FRAME_LENGTH_MAX: u32 = 1024 * 1024;

/// Frame length that is written, in bytes. AES-256-GCM has reached its full rate at 16 KiB.
pub const FRAME_LENGTH_WRITTEN: u32 = 64 * 1024;

/// Bytes of a DER-encoded P-384 signature in a message's footer.
pub const FOOTER_SIGNATURE: usize = 144;

/// Output is rounded up to a multiple of this many bytes with blank lines, so its size says little about its records.
pub const OUTPUT_PADDING: u64 = 64 * 1024;

/// Bytes of a receipt file: the most inputs and KMS calls of one job fit in.
pub const RECEIPT_BYTES: usize = 2 * 1024 * 1024;

/// Parts of a set. Each is one KMS call before its first byte is opened and one entry of the receipt.
pub const SET_PARTS: usize = 1024;

/// Encrypted data keys of sealed values that one job asks for. Each is a KMS call and an entry of the receipt; one data
/// key serves many values.
pub const VALUE_DATA_KEYS: usize = 2048;

/// Bytes of the header of one sealed value: a full context, and more encrypted data keys than anyone writes. A job holds the
/// header of every data key, so these times [`VALUE_DATA_KEYS`].
pub const VALUE_HEADER_BYTES: usize = 16 * 1024;

/// KMS calls that one job has open at once: enough to hide their latency, far below KMS's own quota.
pub const KMS_CALLS_AT_ONCE: usize = 8;

/// Bytes of a sealed manifest: a header, and the most pieces in base64.
pub const MANIFEST_MESSAGE_BYTES: usize = 3 * 1024 * 1024;

/// Bytes of a file that one digest of its manifest is of. A job holds so many before it looks at them.
pub const MANIFEST_PIECE: usize = 1024 * 1024;

/// Pieces that a manifest speaks of: 64 GiB of records. A longer file would need a manifest that is itself streamed.
pub const MANIFEST_PIECES: usize = 64 * 1024;

/// Unsealed bytes of a fields-form input that are read until the first sealed value proves the policy.
pub const PROOF_BYTES: usize = 4 * 1024 * 1024;

/// Characters of a KMS key ARN (the API's own limit for KeyId).
pub const KEY_ARN: usize = 2048;

/// Plaintext that one worker takes at once, and ciphertext that is opened at once, in bytes: enough that handing them over
/// costs little beside the work, and that few sealed frames lie across two pieces.
pub const BLOCK_BYTES: usize = 128 * 1024;

/// Workers of one job, at most one a vCPU. Enclaves have few; beyond these, opening and sealing are the bound.
pub const WORKERS: usize = 16;

/// Jobs that one enclave serves at once. Each holds a few MiB; more only queue on the same vCPUs.
pub const JOBS_AT_ONCE: usize = 4;

/// Bytes of the payload of an attestation document (AWS's rules, 3.1: 1 to 16384).
pub const ATTESTATION_PAYLOAD: usize = 16_384;

/// Bytes of an attestation document: its payload, a 96-byte signature and the envelope's headers.
pub const ATTESTATION_DOCUMENT: usize = ATTESTATION_PAYLOAD + 128;

/// Bytes of one certificate, `public_key`, `user_data`, `nonce` or `module_id` of an attestation document.
pub const ATTESTATION_FIELD: usize = 1024;

/// Certificates in the bundle of an attestation document. Hardware sends four.
pub const ATTESTATION_CABUNDLE: u64 = 8;

/// Fields of an attestation document that are not known and are passed over: room for what AWS may add.
pub const ATTESTATION_UNKNOWN_FIELDS: usize = 8;

/// Bytes of the name of such a field. The longest name in use has 13.
pub const ATTESTATION_UNKNOWN_NAME: usize = 64;

/// Bytes of a name in a policy or a job: fields, columns, datasets, domains, recipients. Longer than any seen in use.
pub const NAME_BYTES: usize = 128;

/// Bytes of a key's path that an error shows; the rest of a hostile key is of no use to anyone.
pub const KEY_PATH_SHOWN: usize = 256;

/// Datasets that one policy may name.
pub const DATASETS: usize = 256;

/// KMS keys that may have sealed a policy's data. One per Region and account in use, with room for rotations.
pub const POLICY_KEYS: usize = 64;

/// Job digests that a policy may list.
pub const POLICY_JOBS: usize = 1024;

/// Combinations of operations that a policy may list, and operations of one.
pub const COMBINATIONS: usize = 256;

/// Fields that a policy may name. Wide exports have some hundreds.
pub const POLICY_FIELDS: usize = 1024;

/// Recipients of a policy. Each is one wrapped data key in the output's header, and KMS recipients cost a call.
pub const RECIPIENTS: usize = 8;

/// Bytes of a recipient's public key in PEM. RSA-4096 takes 800.
pub const PUBLIC_KEY_PEM: usize = 4096;

/// Bits of a recipient's RSA key: shorter is weak, longer makes nothing safer here and slows the output's header.
pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// Largest minimum of people. Until it is met, every worker holds 16 bytes and a place in a table for each distinct person.
pub const PEOPLE_MIN: u64 = 100_000;

/// Largest `max_records`: far more than one job can carry, and safe in every language's integers.
pub const MAX_RECORDS: u64 = 1_000_000_000_000;

/// Most graphemes that mask or truncate can let through. More is no longer masking.
pub const GRAPHEMES_KEPT: u64 = 1024;

/// Largest age at which a band can begin, in years: more than anyone reached.
pub const AGE: u64 = 150;

/// Bands of ages in a policy or a job: one for each year and more.
pub const AGE_BANDS: usize = 160;

/// Patterns of a policy's own. Few policies check more than some formats.
pub const PATTERNS: usize = 64;

/// Bytes of one such pattern.
pub const PATTERN_BYTES: usize = 512;

/// Bytes of a pattern's compiled program: with [`PATTERN_VALUE_BYTES`] it bounds the time of one check.
pub const PATTERN_PROGRAM_BYTES: usize = 64 * 1024;

/// Groups within groups of a pattern.
pub const PATTERN_DEPTH: u32 = 32;

/// Bytes of a value that a policy's own pattern is tried on; no longer value matches.
pub const PATTERN_VALUE_BYTES: usize = 4096;

/// Output columns of a job, `drop` included. Each is looked up in every record.
pub const COLUMNS: usize = 256;

/// Columns that tell groups apart. What stays hidden is decided for every choice of some of them.
pub const GROUP_COLUMNS: usize = 5;

/// Measures of an aggregate job. Each is held for every group.
pub const MEASURES: usize = 64;

/// Most groups that an aggregate job may form, whatever a policy says.
pub const MAX_GROUPS: u64 = 1_000_000;

/// Bins of one histogram in one group. A row is held whole while it is written. A job beyond it is refused.
pub const HISTOGRAM_BINS: usize = 10_000;

/// Bytes that the groups of one job may take, as estimated from what they hold and what deciding takes: a million groups of nine
/// people each and a sum, in one column, take about 900 MiB. A job beyond it is refused.
pub const AGGREGATE_BYTES: usize = 1024 * 1024 * 1024;

/// Bytes that the counts of a discovery job may take at worst, in all of its workers: known from its fields and the minimum
/// of people before anything is read. A job beyond it is refused, and one that comes near it has fewer workers.
pub const DISCOVERY_BYTES: usize = 1024 * 1024 * 1024;

/// Widest bucket or bin.
pub const BUCKET_WIDTH: u64 = 1_000_000_000_000_000;

/// Conditions of a job's `where`. Each is evaluated for every record.
pub const CONDITIONS: usize = 32;

/// Values of one `in`. Searched in logarithmic time.
pub const IN_VALUES: usize = 1024;

/// Bytes of one string or number in a job's `where`.
pub const CONDITION_VALUE_BYTES: usize = 4096;

/// Bytes of one record. Held whole in memory once for every worker.
pub const RECORD_BYTES: usize = 1024 * 1024;

/// Columns of a CSV file. Wide exports have some hundreds; each name is held in memory for every file of a job.
pub const CSV_COLUMNS: usize = 4096;

/// Levels of arrays and objects in a record, the record's own object included.
pub const RECORD_DEPTH: u32 = 64;

/// Largest exponent, either way, of a number that is compared or counted: keeps the arithmetic on exponents exact.
pub const DECIMAL_EXPONENT: i64 = 999_999_999;
