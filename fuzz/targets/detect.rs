//! Texts, under any choice of detectors. What is found lies in the text, in order and on boundaries of characters; a further
//! detector uncovers nothing; and what was redacted is not found again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sealroom_shared::detect::{self, Detector, Detectors, Finder, Span};

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first_chunk::<2>() else { return };
    let text = String::from_utf8_lossy(rest);
    let bits = u16::from_le_bytes(*choice);
    let chosen: Detectors = Detector::ALL.into_iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, one)| one).collect();
    let (some, all) = (found(chosen, &text), found(Detectors::all(), &text));
    for span in &some {
        assert!(chosen.contains(span.detector));
        assert!(all.iter().any(|other| other.start <= span.start && other.end >= span.end), "{span:?} in {all:?}");
    }
    assert_eq!(detect::any_in(&text), all.iter().map(|span| span.detector).collect());
    if let Some(detector) = detect::whole(&text) {
        assert!(all.iter().any(|span| span.start == 0 && span.end == text.len()), "{detector:?}");
    }
    for detectors in [chosen, Detectors::all()] {
        let once = redacted(detectors, &text);
        assert_eq!(found(detectors, &once), [], "{once:?}");
    }
});

fn found(detectors: Detectors, text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    Finder::new(detectors).find(text, &mut spans);
    let mut end = 0;
    for span in &spans {
        assert!(span.start >= end && span.start < span.end && text.get(span.start..span.end).is_some(), "{spans:?}");
        end = span.end;
    }
    spans
}

fn redacted(detectors: Detectors, text: &str) -> String {
    let (mut out, mut shown) = (String::new(), 0);
    for span in found(detectors, text) {
        out += &text[shown..span.start];
        out += span.detector.marker();
        shown = span.end;
    }
    out + &text[shown..]
}
