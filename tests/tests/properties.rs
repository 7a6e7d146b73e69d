//! What holds of every sealed message, tried on many of fixed seeds: sealing and opening give the plaintext back however it
//! is cut, and a sealed file that was altered or cut anywhere is refused, by the library and by the command.

mod by_ring;
mod random;

use std::path::Path;
use std::process::Command;

use sealroom_shared::message::raw_aes::WrappingKey;
use sealroom_shared::message::raw_rsa::{NAMESPACE, PrivateKey, PublicKey};
use sealroom_shared::message::{DataKey, EncryptedDataKey, EncryptionContext, Header, MessageError, Opener, Sealer};
use sealroom_testkit::bins::bin;

use by_ring::{Message, SIGNED};
use random::Random;

const NAME: &str = "analytics";

/// A sealed file with several recipients, one of whom opens it.
struct SealedFile {
    bytes: Vec<u8>,
    header_length: usize,
    plaintext: Vec<u8>,
}

/// A recipient's key.
enum Recipient {
    Aes(WrappingKey),
    Rsa(PrivateKey),
}

impl Recipient {
    /// As `sealroom open` does it: the first data key that this recipient unwraps decides.
    fn unlock(&self, header: &Header) -> Result<Opener, MessageError> {
        let mut refused = MessageError::Wrapping;
        for wrapped in header.encrypted_data_keys() {
            let data_key = match self {
                Self::Aes(key) => key.unwrap(NAMESPACE, NAME, header.context(), wrapped),
                Self::Rsa(key) if wrapped.provider_id == NAMESPACE && wrapped.provider_info == b"auditor" => key.unwrap(wrapped).map(Some),
                Self::Rsa(_) => Ok(None),
            };
            match data_key {
                Ok(Some(data_key)) => return header.unlock(&data_key),
                Ok(None) => {}
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Opens a file; whatever was handed out before a refusal is in `plaintext`.
    fn open(&self, file: &[u8], plaintext: &mut Vec<u8>) -> Result<(), MessageError> {
        let (header, used) = Header::parse(file)?.ok_or(MessageError::Truncated)?;
        let mut opener = self.unlock(&header)?;
        opener.push(&file[used..], plaintext)?;
        opener.finish()
    }
}

fn context(random: &mut Random) -> EncryptionContext {
    let mut context = EncryptionContext::new();
    for key in ["sealroom:kind", "sealroom:dataset", "é"] {
        context.insert(key, &random.word()).unwrap();
    }
    context
}

#[test]
fn any_chunking_of_writes_and_reads_gives_the_plaintext_back() {
    let mut random = Random::new(10);
    for round in 0..400 {
        let frame_length = match round % 5 {
            0 => 1 + random.below(4),
            1 => 1 + random.below(300),
            2 => *random.pick(&[16, 4096, 65_536, 1 << 20, (1 << 20) - 1]),
            3 => 1 + random.below(100_000),
            _ => 1 + random.below(1 << 20),
        };
        // Whole frames and one byte to either side, no frame, and anything between.
        let frames = random.below(if frame_length < 1000 { 200 } else { 4 });
        let length = match random.below(4) {
            0 => frame_length * frames,
            1 => frame_length * frames + 1,
            2 => (frame_length * frames).saturating_sub(1),
            _ => random.below(frame_length * (frames + 1)),
        };
        let plaintext = random.bytes(length);
        let data_key = DataKey::from_bytes(random.array());
        let edk = EncryptedDataKey { provider_id: "p".into(), provider_info: vec![1], ciphertext: random.bytes(40) };
        let frame_bytes = u32::try_from(frame_length).unwrap();
        let mut sealer = Sealer::with_frame_length(context(&mut random), vec![edk], &data_key, frame_bytes).unwrap();
        let header = sealer.header().to_vec();
        let mut body = Vec::new();
        for piece in random.pieces(&plaintext) {
            sealer.push(piece, &mut body).unwrap();
        }
        sealer.finish(&mut body).unwrap();
        // A final frame of 1 to the whole frame length, or of nothing where there is nothing: the size says the rest.
        let regular = length.saturating_sub(1) / frame_length;
        assert_eq!(body.len(), length + regular * 32 + 40, "round {round}");

        let message = [header, body].concat();
        let pieces = random.pieces(&message);
        assert!(opened_in_pieces(&pieces, &data_key).unwrap() == plaintext, "round {round}: {length} bytes in frames of {frame_length}");
        let all_but_last: Vec<&[u8]> = pieces.split_last().unwrap().1.to_vec();
        assert_eq!(opened_in_pieces(&all_but_last, &data_key).err(), Some(MessageError::Truncated), "round {round}");
    }
}

/// Opens a message as a stream: the header from as many pieces as it takes.
fn opened_in_pieces(pieces: &[&[u8]], data_key: &DataKey) -> Result<Vec<u8>, MessageError> {
    let mut plaintext = Vec::new();
    let mut head = Vec::new();
    let mut opener: Option<Opener> = None;
    for piece in pieces {
        if let Some(opener) = &mut opener {
            opener.push(piece, &mut plaintext)?;
            continue;
        }
        head.extend_from_slice(piece);
        if let Some((header, used)) = Header::parse(&head)? {
            let mut begun = header.unlock(data_key)?;
            begun.push(&head[used..], &mut plaintext)?;
            opener = Some(begun);
        }
    }
    opener.ok_or(MessageError::Truncated)?.finish()?;
    Ok(plaintext)
}

/// Three recipients, several frames, a short final one.
fn sealed_file(random: &mut Random, aes: &[u8; 32], rsa: &PublicKey) -> SealedFile {
    let (context, data_key) = (context(random), DataKey::from_bytes(random.array()));
    let plaintext = b"{\"a\":1}\n{\"a\":22}\n{\"a\":333}\n".to_vec();
    let keys = vec![
        EncryptedDataKey { provider_id: "aws-kms".into(), provider_info: b"arn".to_vec(), ciphertext: random.bytes(20) },
        rsa.wrap(NAMESPACE, "auditor", &data_key).unwrap(),
        WrappingKey::new(aes).unwrap().wrap(NAMESPACE, NAME, &context, &data_key).unwrap(),
    ];
    let mut sealer = Sealer::with_frame_length(context, keys, &data_key, 10).unwrap();
    let mut bytes = sealer.header().to_vec();
    let header_length = bytes.len();
    sealer.push(&plaintext, &mut bytes).unwrap();
    sealer.finish(&mut bytes).unwrap();
    SealedFile { bytes, header_length, plaintext }
}

/// The same, signed; made by the independent writer, as the command writes unsigned ones only.
fn signed_file(random: &mut Random, aes: &[u8; 32]) -> SealedFile {
    let data_key: [u8; 32] = random.array();
    // A signed message's public key is part of the context that wrapping binds: the wrapping key here takes no context.
    let wanted = Message {
        suite: SIGNED,
        message_id: random.array(),
        context: vec![("sealroom:kind".into(), random.word())],
        encrypted_data_keys: vec![[b"p".to_vec(), aes.to_vec(), data_key.to_vec()]],
        frame_length: 10,
        commitment: [0; 32],
        plaintext: b"{\"a\":1}\n{\"a\":22}\n".to_vec(),
    };
    let bytes = by_ring::seal(&wanted, &data_key);
    let header_length = Header::parse(&bytes).unwrap().unwrap().1;
    SealedFile { bytes, header_length, plaintext: wanted.plaintext }
}

fn rsa_pair() -> (PublicKey, PrivateKey) {
    let pair = aws_lc_rs::rsa::PrivateDecryptingKey::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let private: aws_lc_rs::encoding::Pkcs8V1Der<'_> = aws_lc_rs::encoding::AsDer::as_der(&pair).unwrap();
    let public: aws_lc_rs::encoding::PublicKeyX509Der<'_> = aws_lc_rs::encoding::AsDer::as_der(&pair.public_key()).unwrap();
    let public = PublicKey::from_pem(&pem("PUBLIC KEY", public.as_ref())).unwrap();
    (public, PrivateKey::from_pem(&pem("PRIVATE KEY", private.as_ref())).unwrap())
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The whole file through `open`; what a refusal leaves in the buffer is the plaintext's own beginning.
fn refused(recipient: &Recipient, original: &SealedFile, altered: &[u8], what: &str) {
    let mut handed_out = Vec::new();
    assert!(recipient.open(altered, &mut handed_out).is_err(), "{what}");
    assert!(original.plaintext.starts_with(&handed_out), "{what}: something that was never sealed came out");
}

#[test]
fn every_flipped_bit_of_a_sealed_file_is_refused_for_every_recipient() {
    let mut random = Random::new(12);
    let (public, private) = rsa_pair();
    let aes: [u8; 32] = random.array();
    let file = sealed_file(&mut random, &aes, &public);
    let by_aes = Recipient::Aes(WrappingKey::new(&aes).unwrap());
    let by_rsa = Recipient::Rsa(private);
    for recipient in [&by_aes, &by_rsa] {
        let mut whole = Vec::new();
        recipient.open(&file.bytes, &mut whole).unwrap();
        assert_eq!(whole, file.plaintext);
        for bit in 0..file.bytes.len() * 8 {
            let mut altered = file.bytes.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            refused(recipient, &file, &altered, &format!("bit {bit}"));
        }
    }
}

#[test]
fn every_truncation_and_extension_of_a_sealed_file_is_refused() {
    let mut random = Random::new(13);
    let (public, private) = rsa_pair();
    let aes: [u8; 32] = random.array();
    let file = sealed_file(&mut random, &aes, &public);
    let other = sealed_file(&mut random, &aes, &public);
    for recipient in [Recipient::Aes(WrappingKey::new(&aes).unwrap()), Recipient::Rsa(private)] {
        for length in 0..file.bytes.len() {
            refused(&recipient, &file, &file.bytes[..length], &format!("the first {length} bytes"));
            // Without its middle, from the header on.
            if length > file.header_length {
                let cut = [&file.bytes[..file.header_length], &file.bytes[length..]].concat();
                refused(&recipient, &file, &cut, &format!("without the body's bytes before {length}"));
            }
        }
        for tail in [&[0][..], &file.bytes, &file.bytes[file.header_length..], &other.bytes] {
            refused(&recipient, &file, &[&file.bytes, tail].concat(), "something behind the end");
        }
        let spliced = [&file.bytes[..file.header_length], &other.bytes[other.header_length..]].concat();
        refused(&recipient, &file, &spliced, "another file's body");
    }
}

#[test]
fn every_flipped_bit_and_every_truncation_of_a_signed_message_is_refused() {
    let mut random = Random::new(14);
    let file = signed_file(&mut random, &[1; 32]);
    let data_key = {
        let (header, _) = Header::parse(&file.bytes).unwrap().unwrap();
        DataKey::from_slice(&header.encrypted_data_keys()[0].ciphertext).unwrap()
    };
    let open = |bytes: &[u8]| opened_in_pieces(&[bytes], &data_key);
    assert_eq!(open(&file.bytes).unwrap(), file.plaintext);
    for bit in 0..file.bytes.len() * 8 {
        let mut altered = file.bytes.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(open(&altered).is_err(), "bit {bit} of {}", file.bytes.len() * 8);
    }
    for length in 0..file.bytes.len() {
        assert_eq!(open(&file.bytes[..length]).err(), Some(MessageError::Truncated), "{length}");
    }
}

/// Each cut, and one flipped bit of each byte, through the program: exit 1 and no file, not even a temporary one.
#[test]
fn the_command_refuses_altered_files_and_leaves_nothing() {
    let mut random = Random::new(15);
    let (public, _) = rsa_pair();
    let aes: [u8; 32] = random.array();
    let file = sealed_file(&mut random, &aes, &public);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("reader.aes"), aes).unwrap();
    let sealroom = bin("sealroom");
    let open = |bytes: &[u8]| {
        std::fs::write(path("in.sealed"), bytes).unwrap();
        let mut command = Command::new(&sealroom);
        command.arg("open").arg("--raw-aes-key").arg(path("reader.aes")).arg("--unverified-origin");
        command.arg(path("in.sealed")).arg("--out").arg(path("out.ndjson")).output().unwrap()
    };
    let names = |folder: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert!(open(&file.bytes).status.success());
    assert_eq!(std::fs::read(path("out.ndjson")).unwrap(), file.plaintext);
    std::fs::remove_file(path("out.ndjson")).unwrap();
    let mut altered: Vec<Vec<u8>> = (0..file.bytes.len()).map(|length| file.bytes[..length].to_vec()).collect();
    altered.extend((0..file.bytes.len()).map(|at| {
        let mut altered = file.bytes.clone();
        altered[at] ^= 1 << random.below(8);
        altered
    }));
    for (number, bytes) in altered.iter().enumerate() {
        let output = open(bytes);
        assert_eq!(output.status.code(), Some(1), "alteration {number}: {output:?}");
        assert_eq!(names(folder.path()), ["in.sealed", "reader.aes"], "alteration {number}");
    }
}
