//! Country codes of phone numbers as ITU-T E.164 gives them out, and how many digits follow them.

use std::ops::RangeInclusive;

/// How many digits the country code has with which `digits` begin, and how many may follow; none where it is not given out.
pub(super) fn national_digits(digits: &[u8]) -> Option<(usize, RangeInclusive<usize>)> {
    (1..=3).find_map(|length| {
        let code = digits.get(..length)?;
        let given_out = CODES.iter().any(|codes| codes.contains(&code));
        given_out.then(|| (length, of_country(code).unwrap_or(8 - length..=15 - length)))
    })
}

/// As national numbering plans have it, where the plan is narrower than E.164.
fn of_country(code: &[u8]) -> Option<RangeInclusive<usize>> {
    Some(match code {
        b"1" | b"7" | b"52" | b"90" | b"91" => 10..=10,
        b"27" | b"31" | b"33" | b"34" | b"41" | b"48" | b"61" | b"351" => 9..=9,
        b"30" => 10..=10,
        b"32" => 8..=9,
        b"36" => 8..=9,
        b"39" => 8..=11,
        b"43" => 6..=13,
        b"44" => 9..=10,
        b"45" | b"47" | b"65" => 8..=8,
        b"46" => 7..=10,
        b"49" => 6..=12,
        b"55" => 10..=11,
        b"81" => 9..=10,
        b"86" => 10..=11,
        _ => return None,
    })
}

/// One to three digits, by length.
const CODES: [&[&[u8]]; 3] = [
    &[b"1", b"7"],
    &[
        b"20", b"27", b"30", b"31", b"32", b"33", b"34", b"36", b"39", b"40", b"41", b"43", b"44", b"45", b"46", b"47", b"48", b"49",
        b"51", b"52", b"53", b"54", b"55", b"56", b"57", b"58", b"60", b"61", b"62", b"63", b"64", b"65", b"66", b"81", b"82", b"84",
        b"86", b"90", b"91", b"92", b"93", b"94", b"95", b"98",
    ],
    &[
        b"211", b"212", b"213", b"216", b"218", b"220", b"221", b"222", b"223", b"224", b"225", b"226", b"227", b"228", b"229", b"230",
        b"231", b"232", b"233", b"234", b"235", b"236", b"237", b"238", b"239", b"240", b"241", b"242", b"243", b"244", b"245", b"246",
        b"247", b"248", b"249", b"250", b"251", b"252", b"253", b"254", b"255", b"256", b"257", b"258", b"260", b"261", b"262", b"263",
        b"264", b"265", b"266", b"267", b"268", b"269", b"290", b"291", b"297", b"298", b"299", b"350", b"351", b"352", b"353", b"354",
        b"355", b"356", b"357", b"358", b"359", b"370", b"371", b"372", b"373", b"374", b"375", b"376", b"377", b"378", b"380", b"381",
        b"382", b"383", b"385", b"386", b"387", b"389", b"420", b"421", b"423", b"500", b"501", b"502", b"503", b"504", b"505", b"506",
        b"507", b"508", b"509", b"590", b"591", b"592", b"593", b"594", b"595", b"596", b"597", b"598", b"599", b"670", b"672", b"673",
        b"674", b"675", b"676", b"677", b"678", b"679", b"680", b"681", b"682", b"683", b"685", b"686", b"687", b"688", b"689", b"690",
        b"691", b"692", b"800", b"808", b"850", b"852", b"853", b"855", b"856", b"870", b"878", b"880", b"881", b"882", b"883", b"886",
        b"888", b"960", b"961", b"962", b"963", b"964", b"965", b"966", b"967", b"968", b"970", b"971", b"972", b"973", b"974", b"975",
        b"976", b"977", b"979", b"992", b"993", b"994", b"995", b"996", b"998",
    ],
];
