//! Where the statements of a policy stand in its text. Called by `lint` on a text that is JSON.

/// The line, from 1, on which each statement begins, in order. Empty where there is none.
pub(super) fn of_statements(text: &str) -> Vec<usize> {
    let mut starts = Vec::new();
    let (mut line, mut depth) = (1, 0);
    let (mut in_text, mut escaped) = (false, false);
    let mut last_text = String::new();
    // Which member of the outermost object is being read, and so whether an object is a statement.
    let mut in_statements = false;
    for character in text.chars() {
        if character == '\n' {
            line += 1;
        }
        if in_text {
            match character {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_text = false,
                _ => last_text.push(character),
            }
            continue;
        }
        match character {
            '"' => {
                in_text = true;
                last_text.clear();
            }
            ':' if depth == 1 => in_statements = last_text == "Statement",
            // One statement may stand without a list around it.
            '{' | '[' => {
                depth += 1;
                if in_statements && character == '{' && (depth == 2 || depth == 3) && !is_inside(&starts, depth) {
                    starts.push((line, depth));
                }
            }
            '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    starts.into_iter().map(|(line, _)| line).collect()
}

/// True where an object at this depth lies within a statement that was seen already.
fn is_inside(starts: &[(usize, i32)], depth: i32) -> bool {
    starts.first().is_some_and(|(_, first)| depth > *first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_on_their_lines() {
        let text = "{\n \"Id\": \"{\\\"\",\n \"Statement\": [\n  {\"Sid\": \"a\",\n   \"Principal\": {\"AWS\": \"*\"}},\n  {\n  }\n ]\n}";
        assert_eq!(of_statements(text), [4, 6]);
        assert_eq!(of_statements("{\"Statement\":\n{\"Condition\":{\"Bool\":\n{}}}}"), [2]);
        assert!(of_statements("{}").is_empty());
    }
}
