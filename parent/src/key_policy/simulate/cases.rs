//! The attestation documents that a request can come with. Called by `simulate`.

use std::collections::BTreeMap;

use sealroom_shared::{attestation::Pcr, measurements::Measurements};

use super::super::{
    document::KeyPolicy,
    named::{self, NamedImage},
};

/// With which document a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// Without one: the parent itself, or anybody with its credentials.
    Unattested,
    /// From the image whose measurements were given.
    ThisImage,
    /// From an image that differs: in PCR0, PCR1 and PCR2, in one of them alone, or in one that is another listed image's.
    AnotherImage,
    /// From an enclave in debug mode: PCR0, PCR1 and PCR2 are zero.
    Debug,
}

/// The PCRs of each case's documents, as lower-case hex, with what tells several documents of a case apart.
pub(super) struct Documents {
    unattested: Vec<Document>,
    this_image: Vec<Document>,
    another_image: Vec<Document>,
    debug: Vec<Document>,
}

pub(super) type Document = (&'static str, Option<BTreeMap<u8, String>>);

impl Case {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Unattested, Self::ThisImage, Self::AnotherImage, Self::Debug];

    /// For programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Unattested => "unattested",
            Self::ThisImage => "this-image",
            Self::AnotherImage => "another-image",
            Self::Debug => "debug",
        }
    }

    /// For people: the head of a column.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Unattested => "unattested",
            Self::ThisImage => "this image",
            Self::AnotherImage => "another image",
            Self::Debug => "debug",
        }
    }
}

impl Documents {
    pub(super) fn new(policy: &KeyPolicy, image: &Measurements) -> Self {
        let mut pcrs: BTreeMap<u8, String> = image.iter().map(|(index, pcr)| (index, pcr.hex())).collect();
        // What the image's build does not measure (parent, signer) is as the policy wants it, preferably for this image.
        let named = named::measurements_named(policy);
        let own = named.iter().filter(|named| named.differing(image).is_empty());
        for named in own.chain(&named) {
            for (index, values) in named.pcrs() {
                if let Some(value) = values.first() {
                    pcrs.entry(index).or_insert_with(|| value.to_ascii_lowercase());
                }
            }
        }
        let changed = |indexes: &[u8], change: &dyn Fn(&Pcr) -> Pcr| {
            let mut pcrs = pcrs.clone();
            for index in indexes {
                if let Some(pcr) = image.pcr(*index) {
                    pcrs.insert(*index, change(pcr).hex());
                }
            }
            Some(pcrs)
        };
        let other = |pcr: &Pcr| Pcr(pcr.0.map(|byte| !byte));
        let mut another_image = vec![
            ("PCR0, PCR1 and PCR2 differ", changed(&[0, 1, 2], &other)),
            ("PCR0 alone differs", changed(&[0], &other)),
            ("PCR1 alone differs", changed(&[1], &other)),
            ("PCR2 alone differs", changed(&[2], &other)),
        ];
        another_image.extend(crossed(&named, &pcrs));
        Self {
            unattested: vec![("", None)],
            another_image,
            debug: vec![("", changed(&[0, 1, 2], &|_| Pcr([0; 48])))],
            this_image: vec![("", Some(pcrs.clone()))],
        }
    }

    /// The documents of a case: at least one.
    pub(super) fn of(&self, case: Case) -> &[Document] {
        match case {
            Case::Unattested => &self.unattested,
            Case::ThisImage => &self.this_image,
            Case::AnotherImage => &self.another_image,
            Case::Debug => &self.debug,
        }
    }
}

/// Documents with one PCR of another image that the policy names and the rest of this one. Nobody built such an image, or
/// somebody built it on purpose. One that the policy names as it is, value by value, is not among them.
fn crossed(named: &[NamedImage], pcrs: &BTreeMap<u8, String>) -> Vec<Document> {
    let mut documents = Vec::new();
    for (index, label) in [(0, "PCR0 of another listed image"), (1, "PCR1 of another listed image"), (2, "PCR2 of another listed image")] {
        let all = named.iter().flat_map(NamedImage::pcrs).filter(|(of, _)| *of == index);
        for value in all.flat_map(|(_, values)| values) {
            let mut crossed = pcrs.clone();
            crossed.insert(index, value.to_ascii_lowercase());
            let is_listed = |image: &NamedImage| {
                image
                    .pcrs()
                    .iter()
                    .all(|(of, values)| matches!(values.as_slice(), [value] if crossed.get(of) == Some(&value.to_ascii_lowercase())))
            };
            if crossed != *pcrs && !named.iter().any(is_listed) {
                documents.push((label, Some(crossed)));
            }
        }
    }
    documents
}
