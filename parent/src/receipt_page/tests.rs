//! The page: nothing on it is anybody's markup, and it loads and runs nothing.

use sealroom_shared::{attestation::Pcr, measurements::Measurements};

use super::*;
use crate::verdict::Verdict;

fn page(lines: &[(&str, Outcome, &str)], receipt: &str) -> String {
    let mut verdict = Verdict::default();
    for (check, outcome, detail) in lines {
        verdict.add(*check, *outcome, *detail);
    }
    let checked = Checked { verdict, receipt: None, policy: None };
    let measurements = Measurements::from_pcrs([0, 1, 2].map(|index| (index, Pcr([7; 48]))).into()).expect("measurements");
    Page { checked: &checked, receipt: receipt.to_owned(), measurements: &measurements }.to_html()
}

const HOSTILE: &str = "</style><script>alert('1')</script>\" onload=\"x\" & <img src=x>";

#[test]
fn hostile_text_is_escaped_wherever_it_stands() {
    let page =
        page(&[(HOSTILE, Outcome::Passed, HOSTILE), ("b", Outcome::NotChecked, HOSTILE), (HOSTILE, Outcome::Failed, HOSTILE)], HOSTILE);
    assert!(!page.contains("<script") && !page.contains("<img") && !page.contains("\" onload"), "{page}");
    assert_eq!(page.matches("&lt;script&gt;").count(), 10, "each place once: {page}");
    assert_eq!(page.matches("</style>").count(), 1);
}

#[test]
fn page_loads_and_runs_nothing() {
    let page = page(&[("a", Outcome::Passed, "b")], "receipt.json");
    for word in ["http://", "https://", "url(", "@import", "<script", "<link", "src=", "href=", "onclick", "style=\""] {
        assert!(!page.contains(word), "{word}");
    }
    let style = page.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).expect("a style");
    let hash = STANDARD.encode(digest(&SHA256, style.as_bytes()));
    assert!(page.contains(&format!("content=\"default-src 'none'; style-src 'sha256-{hash}'; ")), "{page}");
}

#[test]
fn big_letters_say_what_came_of_it() {
    let passed = ("a", Outcome::Passed, "b");
    let danger = ("trust-anchor", Outcome::Accepted { by: "--danger-trust-anchor" }, "c");
    let failed = ("image", Outcome::Failed, "another image");
    for (lines, word) in [
        (&[passed][..], "<h1>VERIFIED</h1>"),
        (&[passed, danger], "<h1>NOT UNDER THE AWS ROOT</h1>"),
        (&[passed, danger, failed], "<h1>REFUSED</h1>"),
        (&[("a", Outcome::NotChecked, "b")], "<h1>REFUSED</h1>"),
        (&[], "<h1>REFUSED</h1>"),
    ] {
        assert!(page(lines, "receipt.json").contains(word), "{word}");
    }
    let refused = page(&[passed, failed], "receipt.json");
    assert!(refused.contains("<strong>image</strong>: another image") && refused.contains("nothing of it can be believed"));
}
