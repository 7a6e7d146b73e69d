//! What one operation of a job writes, in a few words.

use sealroom_shared::{
    policy::FieldPolicy,
    record::operations::{
        Request,
        bucket::{Bucket, Permission},
    },
};

use super::characters;

/// What `request` makes of a value of a field of which the policy says `field`: the words after "a column with".
pub fn of_operation(request: &Request, field: Option<&FieldPolicy>) -> String {
    let permissions = field.map(|field| &field.operations);
    match request {
        Request::Keep(_) => "the value as it is".to_owned(),
        Request::Mask(mask) => match mask.keep_last {
            0 => "the value masked whole".to_owned(),
            kept => format!("the value masked but for its last {} (shorter values leave whole)", characters(kept)),
        },
        Request::Truncate(truncate) => match truncate.keep_first {
            0 => "nothing of the value".to_owned(),
            kept => format!("the value's first {} (shorter values leave whole)", characters(kept)),
        },
        Request::Tokenize(_) => {
            let tokenize = permissions.and_then(|permissions| permissions.tokenize.as_ref());
            let domain = tokenize.map(|tokenize| format!(" of the domain {:?}", tokenize.domain));
            format!("a token{}", domain.unwrap_or_default())
        }
        Request::Bucket(Bucket::Width(width)) => format!("the range, {width} wide, that the value lies in"),
        Request::Bucket(Bucket::Period(period)) => format!("the value's {}", period.name()),
        Request::Bucket(Bucket::Ages(bands)) => {
            let on = match permissions.and_then(|permissions| permissions.bucket.as_ref()) {
                Some(Permission::Ages(ages)) => ages.on.map(|day| format!(" on {day}")),
                _ => None,
            };
            format!("the band of ages{}, of bands that begin at {bands}", on.unwrap_or_default())
        }
        Request::Redact(redact) => {
            let permitted = permissions.and_then(|permissions| permissions.redact.as_ref()).map(|redact| redact.detect);
            let detect = redact.detect.or(permitted).unwrap_or_default();
            format!("the text without what the detectors find ({detect}; what they miss leaves)")
        }
        Request::Check(check) => format!("whether the value is of the pattern {:?}", check.pattern),
    }
}
