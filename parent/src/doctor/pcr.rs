//! What each PCR measures, so that a difference says where to look.

use std::collections::BTreeSet;

/// The part of image or parent that this PCR measures.
pub fn part(index: u8) -> &'static str {
    match index {
        0 => "the whole image",
        1 => "the kernel, its command line and the boot ramdisk",
        2 => "the application and its configuration",
        3 => "the parent's IAM role",
        4 => "the parent's instance id",
        8 => "the certificate that signed the image",
        _ => "what the application itself extends it with",
    }
}

/// What it tells that exactly these PCRs differ.
pub fn diagnosis(differing: &BTreeSet<u8>) -> &'static str {
    let [whole, boot, application] = [0, 1, 2].map(|index| differing.contains(&index));
    match (whole, boot, application) {
        (_, true, true) => "it is another image altogether",
        (true, true, false) => "the application is the same on another kernel: it was built with another version of nitro-cli",
        (true, false, true) => "the kernel is the same: program or measured configuration differ",
        (true, false, false) => "the parts are the same and the whole is not: one of the two PCR0 was mistyped",
        (false, true, false) | (false, false, true) => "the whole is the same and a part is not: the PCRs are not of one image",
        (false, false, false) => "the image is the same: it runs on another parent, or was signed by another certificate",
    }
}

/// A PCR's first digits, for a message.
pub fn short(hex: &str) -> String {
    let start: String = hex.chars().take(12).collect();
    if start.len() == hex.len() { start } else { format!("{start}…") }
}

/// `PCR0 (the whole image)` for each.
pub fn named(differing: &BTreeSet<u8>) -> String {
    differing.iter().map(|index| format!("PCR{index} ({})", part(*index))).collect::<Vec<_>>().join(", ")
}
