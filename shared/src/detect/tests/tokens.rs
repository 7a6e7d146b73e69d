//! JSON web tokens: where one begins and ends, and what its header has to be.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;

const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

#[test]
fn a_token_begins_where_no_part_goes_on() {
    for text in [format!("-{HEADER}.e30.c2ln"), format!("_{HEADER}.e30.c2ln"), format!("x-{HEADER}.e30.c2ln")] {
        assert_eq!(all(&text), [], "{text}");
    }
    assert_eq!(all(&format!(".{HEADER}.e30.c2ln")), [("jwt", format!("{HEADER}.e30.c2ln"))]);
}

#[test]
fn five_parts_are_one_token_where_the_fourth_is_not_empty() {
    for (text, token) in [("a.aXY.Y3Q.dGFn", "a.aXY.Y3Q.dGFn"), ("a.aXY..dGFn", "a.aXY"), ("a.aXY.Y3Q", "a.aXY")] {
        assert_eq!(all(&format!("{HEADER}.{text}")), [("jwt", format!("{HEADER}.{token}"))], "{text}");
    }
    assert_eq!(all(&format!("{HEADER}..aXY..dGFn")), []);
}

#[test]
fn a_header_is_an_object_of_bounded_length_that_names_an_algorithm() {
    let token = |json: &str| format!("{}.e30.c2ln", URL_SAFE_NO_PAD.encode(json));
    let filled = |length: usize| format!("{{\"alg\":\"none\",\"x\":\"{}\"}}", "y".repeat(length - 21));
    let longest = token(&filled(3072));
    assert_eq!(longest.split('.').next().map(str::len), Some(4096));
    assert_eq!((all(&longest), whole(&longest)), (vec![("jwt", longest.clone())], Some(Detector::Jwt)));
    for json in [filled(3073), filled(3075), "{\"alg\":\"HS256\"x".to_owned(), "{\"xlg\":\"HS256\"}".to_owned(), "{\"".to_owned()] {
        assert_eq!(all(&token(&json)), [], "{json:.30}");
    }
}
