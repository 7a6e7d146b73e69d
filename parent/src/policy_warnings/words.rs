//! Which fields look, by their names, as if their values named one person or thing.

/// Whether a field of this name looks as if each of its values were of one person or thing: `id`, `card_number`, `customerEmail`.
pub(super) fn looks_unique(name: &str) -> bool {
    words(name).any(|word| UNIQUE.contains(&word.as_str()))
}

/// The words of a name in lower case, cut at what is no letter and where a capital follows a small letter.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for character in name.chars() {
        if !character.is_alphabetic() || (small && character.is_uppercase()) {
            words.push(String::new());
        }
        small = character.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| character.is_alphabetic()) {
            word.extend(character.to_lowercase());
        }
    }
    words.into_iter()
}

const UNIQUE: [&str; 33] = [
    "account",
    "card",
    "customer",
    "device",
    "email",
    "guid",
    "iban",
    "id",
    "identifier",
    "imei",
    "insurance",
    "ip",
    "key",
    "login",
    "mac",
    "mail",
    "member",
    "mobile",
    "msisdn",
    "name",
    "number",
    "pan",
    "passport",
    "patient",
    "person",
    "phone",
    "serial",
    "ssn",
    "tel",
    "user",
    "username",
    "uuid",
    "vin",
];

#[cfg(test)]
mod tests {
    use super::looks_unique;

    #[test]
    fn names_of_identifiers_are_known_by_their_words() {
        for name in ["id", "customer", "card_number", "customerEmail", "/buyer/id", "E-Mail", "user2", "ssn"] {
            assert!(looks_unique(name), "{name}");
        }
        for name in ["country", "paid", "amount", "idea", "zip", "valid_from", "", "/lines/*/sku", "cardinality"] {
            assert!(!looks_unique(name), "{name}");
        }
    }
}
