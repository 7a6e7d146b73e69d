//! A sample of records with sealed fields, in the clear: values as sealing and opening them would leave them. A value that
//! `sealroom seal` would refuse to seal is refused here too.

use sealroom_shared::{
    policy::Format,
    record::json::{Kind, Scanner},
};
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    field_sealing::{SealedField, text_of},
    records::{Next, Records},
};

/// NDJSON in which each value of `fields` stands as its text would after it was sealed and opened. Lines stay where they are.
pub(super) fn of(name: &str, sample: &[u8], fields: &[SealedField]) -> Result<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(Vec::with_capacity(sample.len()));
    let mut scanner = Scanner::new(fields.iter().map(|field| field.name.as_str()));
    let mut lines = 1;
    let mut each = |line: u64, next: Next<'_>| {
        let Next::Record(record) = next else { return Ok(()) };
        // Blank lines before it.
        let blank = usize::try_from(line.saturating_sub(lines)).unwrap_or(0);
        out.extend(std::iter::repeat_n(b'\n', blank));
        write(&mut scanner, record, fields, &mut out).map_err(|failure| failure.at(name, line))?;
        lines = line + 1;
        Ok(())
    };
    let mut records = Records::new(Format::Ndjson);
    for chunk in sample.chunks(crate::limits::CHUNK) {
        records.push(chunk, &mut each)?;
    }
    records.finish(&mut each)?;
    Ok(out)
}

fn write(scanner: &mut Scanner, record: &[u8], fields: &[SealedField], out: &mut Vec<u8>) -> Result<()> {
    // The enclave's reader says later what is wrong with a record.
    let Ok(values) = scanner.scan(record) else {
        out.extend_from_slice(record);
        out.push(b'\n');
        return Ok(());
    };
    let mut found: Vec<_> =
        fields.iter().enumerate().filter_map(|(index, field)| Some((values.range(index)?, values.value(index)?, field))).collect();
    found.sort_unstable_by_key(|(range, ..)| range.start);
    let mut written = 0;
    for (range, value, field) in found {
        let Some(text) = text_of(&value, field)? else { continue };
        if value.kind() != Kind::Number {
            out.extend_from_slice(&record[written..range.start]);
            let escaped =
                Zeroizing::new(serde_json::to_vec(text.as_str()).map_err(|_| Failure::new("internal", "a value cannot be written"))?);
            out.extend_from_slice(&escaped);
            written = range.end;
        }
    }
    out.extend_from_slice(&record[written..]);
    out.push(b'\n');
    Ok(())
}
