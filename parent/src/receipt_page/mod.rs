//! One page of HTML that says what a receipt says and what came of every check, for people who will not run a program. Pure: it
//! is given what was checked and returns text. Every value goes through maud, which escapes it: names in policies, statements and
//! events are anybody's text. The page loads nothing, runs nothing, and its content security policy says so too.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sealroom_shared::measurements::Measurements;

use crate::{receipt_check::Checked, verdict::Outcome};

mod facts;
mod lines;

/// What the page is about.
pub struct Page<'a> {
    /// What was checked, and what is believed.
    pub checked: &'a Checked,
    /// The receipt file, as the person named it.
    pub receipt: String,
    /// The expected image.
    pub measurements: &'a Measurements,
}

/// What stands in big letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Verified,
    /// Verified, but only because a flag that says danger allowed it.
    Danger,
    Refused,
}

impl Page<'_> {
    /// The whole page.
    pub fn to_html(&self) -> String {
        let word = self.word();
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            STANDARD.encode(digest(&SHA256, STYLE.as_bytes()))
        );
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    title { "Receipt " (word.title()) ": " (visible(&self.receipt)) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    main {
                        (self.head(word))
                        @match &self.checked.receipt {
                            Some(receipt) => (facts::sections(receipt, self.checked.policy.as_ref(), self.measurements)),
                            None => section { p { "Nothing that this file claims is shown here, because nothing of it can be believed." } },
                        }
                        (lines::checks(&self.checked.verdict))
                        (lines::not_checked(&self.checked.verdict))
                        footer {
                            p {
                                "Written by sealroom " (env!("CARGO_PKG_VERSION")) ". This page is a record of one verification, and anyone can write another page. "
                                "Whoever has the files can check them again: "
                                code { "sealroom verify RECEIPT --measurements pcrs.json" }
                            }
                        }
                    }
                }
            }
        };
        page.into_string()
    }

    fn head(&self, word: Word) -> Markup {
        let failed = self.checked.verdict.failed();
        html! {
            header class=(word.class()) {
                p.kind { "Sealroom receipt" }
                h1 { (word.title()) }
                p { (word.says()) }
                @if let Some(line) = failed {
                    p.reason { strong { (visible(&line.check)) } ": " (visible(&line.detail)) }
                }
                p.file { "File: " code { (visible(&self.receipt)) } }
            }
        }
    }

    fn word(&self) -> Word {
        let verdict = &self.checked.verdict;
        if !verdict.is_good() {
            return Word::Refused;
        }
        let is_danger = verdict.lines().iter().any(|line| matches!(line.outcome, Outcome::Accepted { .. }));
        if is_danger { Word::Danger } else { Word::Verified }
    }
}

impl Word {
    fn title(self) -> &'static str {
        match self {
            Self::Verified => "VERIFIED",
            Self::Danger => "NOT UNDER THE AWS ROOT",
            Self::Refused => "REFUSED",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Verified => "verdict good",
            Self::Danger => "verdict danger",
            Self::Refused => "verdict refused",
        }
    }

    fn says(self) -> &'static str {
        match self {
            Self::Verified => "The expected image states what follows, and everything that was given to compare with it agrees.",
            Self::Danger => {
                "What was given agrees, but under another root than the AWS Nitro root: whoever holds that root's key can forge any receipt. \
                 Fit for tests alone."
            }
            Self::Refused => "Do not rely on this receipt, or not on the files that were given with it. At least one check failed.",
        }
    }
}

/// A text with control, direction and other invisible characters written out, so that it reads as it is.
fn visible(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
        shown
    })
}

const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests;
