//! IAM's wildcards: `*` for any text, `?` for any one character. Called by `document` (actions, resources) and `operator`.

/// True where the whole of `text` fits `pattern`. Time is bounded by the product of both lengths.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern == text;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stands, and how much of the text it has taken.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((position, taken)) => {
                    star = Some((position, taken + 1));
                    p = position + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// As [`matches`], without regard to (ASCII) case: actions.
pub(super) fn matches_any_case(pattern: &str, text: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return pattern.eq_ignore_ascii_case(text);
    }
    matches(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// As [`matches`], for each of an ARN's six parts on its own: a `*` does not reach over a colon into another part.
pub(super) fn matches_arn(pattern: &str, arn: &str) -> bool {
    let (pattern, arn): (Vec<_>, Vec<_>) = (pattern.splitn(6, ':').collect(), arn.splitn(6, ':').collect());
    pattern.len() == 6 && arn.len() == 6 && pattern.iter().zip(&arn).all(|(pattern, part)| matches(pattern, part))
}

/// A text that fits `pattern`: an `x` for each wildcard.
pub(super) fn filled(pattern: &str) -> String {
    pattern.replace(['*', '?'], "x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_iam_says() {
        for (pattern, text) in [("*", ""), ("kms:*", "kms:Decrypt"), ("a*b*c", "aXbYbc"), ("a?c", "abc"), ("", ""), ("*a", "aaa")] {
            assert!(matches(pattern, text), "{pattern} {text}");
            assert!(matches(pattern, &filled(pattern)), "{pattern}");
        }
    }

    #[test]
    fn other_texts_do_not_match() {
        for (pattern, text) in [("", "a"), ("a?c", "ac"), ("kms:Decrypt", "kms:decrypt"), ("a*b", "abc"), ("?", ""), ("*a", "ab")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn wildcards_of_an_arn_stay_in_their_part() {
        let arn = "arn:aws:iam::111122223333:role/operator";
        assert!(matches_arn("arn:aws:iam::*:role/*", arn));
        assert!(!matches_arn("arn:*/operator", arn));
        assert!(!matches_arn("*", arn));
    }
}
