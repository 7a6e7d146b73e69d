//! Addresses of machines: the longest forms, and what stands before and behind.

use super::*;

fn alone(detector: Detector, text: &str) -> Vec<String> {
    found([detector].into_iter().collect(), text).into_iter().map(|(_, found)| found).collect()
}

#[test]
fn the_longest_forms_are_found() {
    assert_eq!(alone(Detector::Ipv4, "255.255.255.255"), ["255.255.255.255"]);
    assert_eq!(alone(Detector::Ipv4, "255.255.255.2551"), [""; 0]);
    let longest = "1111:2222:3333:4444:5555:6666:255.255.255.255";
    assert_eq!(alone(Detector::Ipv6, &format!("at {longest}.")), [longest]);
    assert_eq!(alone(Detector::Ipv6, &format!("{longest}5")), [""; 0]);
}

#[test]
fn eight_pairs_name_a_device_and_other_forms_of_that_length_an_address() {
    assert_eq!(alone(Detector::Ipv6, "00:1a:2b:3c:4d:5e:6f:70"), [""; 0]);
    assert_eq!(alone(Detector::Ipv6, "2001:db8:aaaa:bbb::1234"), ["2001:db8:aaaa:bbb::1234"]);
    assert_eq!(alone(Detector::Ipv6, "11:22:33::44"), ["11:22:33::44"]);
}

#[test]
fn what_goes_on_before_an_ipv6_address_makes_it_none() {
    for text in ["]::1", "ab:2001:db8:1:2:3:4:5:6", "x ab:2001:db8:1:2:3:4:5:6", "]:2001:db8::1"] {
        assert_eq!(alone(Detector::Ipv6, text), [""; 0], "{text}");
    }
    for text in ["]2001:db8::1", "at :2001:db8::1", "host-gab:2001:db8::1", "0a1b2:2001:db8::1"] {
        assert_eq!(alone(Detector::Ipv6, text), ["2001:db8::1"], "{text}");
    }
}

#[test]
fn six_pairs_are_a_mac_address_and_seven_are_not() {
    let mac = "00:1A:2B:3C:4D:5E";
    for text in [format!("{mac}:AB"), format!("AB:{mac}"), format!("{mac}:7"), format!("{mac}AB")] {
        assert_eq!(alone(Detector::Mac, &text), [""; 0], "{text}");
    }
    for text in
        [format!("{mac}:zz"), format!("AB {mac}"), format!("{mac} AB"), format!("{mac}:A"), format!("xAB:{mac}"), format!("is {mac}.")]
    {
        assert_eq!(alone(Detector::Mac, &text), [mac], "{text}");
    }
    assert_eq!(alone(Detector::Mac, "001A.2B3C.4D5E"), ["001A.2B3C.4D5E"]);
    for text in ["001A.2B3C.4D5E.ABCD", "ABCD.001A.2B3C.4D5E", "00-1A-2B:3C:4D:5E"] {
        assert_eq!(alone(Detector::Mac, text), [""; 0], "{text}");
    }
}
