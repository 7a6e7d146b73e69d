//! Huge pages: an enclave's memory is made of them. The allocator may be active and still have got fewer than it asked for,
//! where memory was in pieces already.

use std::fs;

use super::machine::{Instance, Machine};
use crate::verdict::Verdict;

/// Compares what is reserved with `wanted_mib`, the allocator's own figure.
pub fn check(verdict: &mut Verdict, instance: Instance<'_>, wanted_mib: Option<u64>) {
    let machine = match instance {
        Ok(machine) => machine,
        Err(reason) => return verdict.skip(NAME, reason),
    };
    let Some(pages) = Pages::read(machine) else {
        return verdict.skip(NAME, format!("cannot read {FOLDER}"));
    };
    let Pages { reserved_mib, free_mib } = pages;
    let found = format!("{reserved_mib} MiB of huge pages are reserved, {free_mib} MiB of them free");
    match wanted_mib {
        Some(wanted) if reserved_mib < wanted => verdict.refuse(NAME, format!("{found}; the allocator should reserve {wanted} MiB"), MEND),
        None if reserved_mib == 0 => verdict.refuse(NAME, found, MEND),
        Some(_) | None => verdict.check(NAME, true, found),
    }
}

/// Sums over every size of huge pages.
struct Pages {
    reserved_mib: u64,
    free_mib: u64,
}

impl Pages {
    fn read(machine: &Machine) -> Option<Self> {
        let mut pages = Self { reserved_mib: 0, free_mib: 0 };
        for entry in fs::read_dir(machine.path(FOLDER)).ok()?.flatten() {
            let name = entry.file_name().into_string().ok()?;
            let Some(kib) = name.strip_prefix("hugepages-").and_then(|size| size.strip_suffix("kB")) else { continue };
            let kib: u64 = kib.parse().ok()?;
            let mib = |file: &str| -> Option<u64> {
                let count: u64 = machine.read(&format!("{FOLDER}/{name}/{file}")).ok()?.trim().parse().ok()?;
                Some(count.checked_mul(kib)? / 1024)
            };
            pages.reserved_mib = pages.reserved_mib.checked_add(mib("nr_hugepages")?)?;
            pages.free_mib = pages.free_mib.checked_add(mib("free_hugepages")?)?;
        }
        Some(pages)
    }
}

const NAME: &str = "huge-pages";
const FOLDER: &str = "/sys/kernel/mm/hugepages";
const MEND: &str = "`sudo systemctl restart nitro-enclaves-allocator.service`; where memory is in pieces already, reboot with that service \
                    enabled, or lower `memory_mib`";
