//! Sealed values of 16 to 64 bytes under one data key, which is unwrapped once: ours against the AWS Encryption SDK for
//! Python with its caching materials manager, on the same messages.

use anyhow::{Context, Result, anyhow, ensure};
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealroom_shared::digest::hex;
use sealroom_shared::message::raw_aes::WrappingKey;
use sealroom_shared::message::{DataKey, EncryptionContext, Header, Sealer, short};

use super::clock::{Contest, own, process};
use super::report::{Judged, Row, Target, count_rate};
use super::sealed::{NAME, NAMESPACE, WRAPPING_KEY};
use super::{Settings, peers};

pub fn measure(settings: &Settings) -> Result<Vec<Row>> {
    let (ours_count, theirs_count) = if settings.quick { (50_000, 2_000) } else { (400_000, 10_000) };
    let lines = messages(ours_count)?;
    let folder = settings.folder("fields")?;
    let key = folder.join("key");
    std::fs::write(&key, WRAPPING_KEY)?;
    let (few, none) = (folder.join("few"), folder.join("none"));
    std::fs::write(&few, lines[..theirs_count].join("\n") + "\n")?;
    std::fs::write(&none, "")?;

    let python = |file: &std::path::Path| {
        let mut command = peers::python(settings, "fields.py");
        command.arg(&key).arg(file);
        command
    };
    let said = python(&few).output()?;
    let (opened, checked) = open(&lines[..theirs_count])?;
    ensure!(String::from_utf8_lossy(&said.stdout).trim() == format!("{opened} {checked}"), "the two do not open the same: {said:?}");

    let mut contest = Contest::default();
    let ours = contest.enter(|| {
        let ((opened, _), spent) = own(|| open(&lines))?;
        ensure!(opened == ours_count, "{opened}");
        Ok(spent.each(ours_count as f64))
    });
    let start = contest.enter(|| process(&mut python(&none)));
    let theirs = contest.enter(|| process(&mut python(&few)));
    let outcome = contest.hold(settings.rounds.min(3))?;
    let without_start = |round: &[super::clock::Spent]| round[theirs].without(round[start]).each(theirs_count as f64);
    let their_rate = theirs_count as f64 / outcome.median(theirs).without(outcome.median(start)).cpu;
    Ok(vec![Row::speed(
        "sealed values of 16 to 64 B under a cached data key, one core",
        count_rate(1.0, outcome.median(ours).cpu, "values"),
        format!("ESDK Python, caching materials manager, without its start, {}", count_rate(their_rate, 1.0, "values")),
        outcome.ratio_of(|round| round[ours].against(without_start(round))),
        Judged::Cpu,
        Target::AtLeast(40.0),
    )])
}

/// Base64 messages, all under one data key and one context, as a caching materials manager writes them.
fn messages(count: usize) -> Result<Vec<String>> {
    let data_key = DataKey::random()?;
    let mut context = EncryptionContext::new();
    context.insert("sealroom:field", "card")?;
    let wrapped = WrappingKey::new(&WRAPPING_KEY)?.wrap(NAMESPACE, NAME, &context, &data_key)?;
    let mut lines = Vec::with_capacity(count);
    for number in 0..count {
        let text = format!("{number:016}").repeat(4);
        let mut sealer = Sealer::with_frame_length(context.clone(), vec![wrapped.clone()], &data_key, 4096)?;
        let mut message = sealer.header().to_vec();
        sealer.push(&text.as_bytes()[..16 + number % 49], &mut message)?;
        sealer.finish(&mut message)?;
        lines.push(STANDARD.encode(message));
    }
    Ok(lines)
}

/// Opens every value as a worker of the enclave does: base64, the data key of its field and wrapping, commitment, header
/// tag, frame. How many, and the digest of what they hold.
fn open(lines: &[String]) -> Result<(usize, String)> {
    let wrapping_key = WrappingKey::new(&WRAPPING_KEY)?;
    let mut last: Option<(Vec<u8>, DataKey)> = None;
    let mut all = digest::Context::new(&digest::SHA256);
    let (mut message, mut plaintext) = (Vec::new(), Vec::new());
    for line in lines {
        message.clear();
        plaintext.clear();
        STANDARD.decode_vec(line, &mut message)?;
        let opened = last.as_ref().map(|(wrapping, key)| short::open(&message, wrapping, key, &mut plaintext)).transpose()?;
        if opened != Some(true) {
            let (header, _) = Header::parse(&message)?.ok_or_else(|| anyhow!("cut off"))?;
            let wrapped = header.encrypted_data_keys().first().context("no data key")?;
            let key = wrapping_key.unwrap(NAMESPACE, NAME, header.context(), wrapped)?.context("another key")?;
            ensure!(short::open(&message, header.wrapping(), &key, &mut plaintext)?, "another wrapping");
            last = Some((header.wrapping().to_vec(), key));
        }
        all.update(&plaintext);
        all.update(b"\n");
    }
    Ok((lines.len(), hex(all.finish().as_ref())))
}
