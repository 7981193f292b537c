//! The text below the meaning: lines, parameters and where they stand.

use super::*;

/// The properties of the only component, with their lines.
fn properties(lines: &[&str]) -> Vec<Property> {
    let text = format!("BEGIN:VCALENDAR\r\n{}\r\nEND:VCALENDAR\r\n", lines.join("\r\n"));
    components(&text).unwrap().remove(0).properties
}

fn refused(text: &str, path: &str, why: &str) {
    let fault = components(text).expect_err(text);
    assert!(fault.path == path && fault.message.contains(why), "{text:?}: {fault}");
}

#[test]
fn folded_lines_are_one_and_are_counted_where_they_begin() {
    let found = properties(&["summary:freeze", "  of the", "\t year", "", "LOCATION:here"]);
    let told: Vec<_> = found.iter().map(|one| (one.line, one.name.as_str(), one.value.as_str())).collect();
    assert_eq!(told, [(2, "SUMMARY", "freeze of the year"), (6, "LOCATION", "here")]);
    assert!(components("\u{feff}BEGIN:VCALENDAR\nEND:VCALENDAR").is_ok(), "a mark of the encoding is no text");
}

#[test]
fn a_parameter_may_hold_what_separates_others_if_it_is_in_quotes() {
    let found = properties(&[r#"DTSTART;x-a="one;two:three";TZID=Europe/Berlin;X-B="a","b":20270105T090000:00;"#]);
    let parameter = |name: &str| found[0].parameter(name);
    assert_eq!((parameter("X-A"), parameter("TZID")), (Some("one;two:three"), Some("Europe/Berlin")));
    assert_eq!((parameter("X-B"), parameter("X-C")), (Some("a,b"), None));
    assert_eq!(found[0].value, "20270105T090000:00;");
}

#[test]
fn what_is_no_line_of_a_calendar_is_refused_where_it_stands() {
    for line in ["no colon", ":nothing", "SUM MARY:x", "S_:x", "A;B:x", "A;=x:y", "A;B C=x:y", r#"A;B="x:y"#, "é:x"] {
        refused(&format!("BEGIN:VCALENDAR\n{line}\nEND:VCALENDAR\n"), "line 2", "is not NAME:VALUE");
    }
    refused("SUMMARY:x\n", "line 1", "outside of a VCALENDAR");
    refused("\n\nBEGIN:VEVENT\nEND:VEVENT\n", "line 3", "outside of a VCALENDAR");
    refused("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", "line 3", "closes nothing that is open");
    refused("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\n", "line 1", "is never closed");
    refused("", "", "there is no VCALENDAR");
}

#[test]
fn components_may_stand_eight_deep() {
    let nested = |depth: usize| format!("{}{}", "BEGIN:VCALENDAR\n".repeat(depth), "END:vcalendar\n".repeat(depth));
    let mut component = components(&nested(8)).unwrap().remove(0);
    for line in 1..=8 {
        assert_eq!((component.name.as_str(), component.line), ("VCALENDAR", line));
        component = component.inside.pop().unwrap_or_default();
    }
    refused(&nested(9), "line 9", "nested deeper than 8");
}

#[test]
fn a_list_of_texts_is_split_at_its_commas_and_not_at_those_that_are_escaped() {
    for (value, expected) in [
        ("freeze", vec!["freeze"]),
        (" freeze , release ,", vec!["freeze", "release"]),
        (r"a\,b,c\;d,e\\f", vec!["a,b", "c;d", r"e\f"]),
        (r"two\nlines,and\Nmore", vec!["two lines", "and more"]),
        (r"cut\", vec![r"cut\"]),
        ("", vec![]),
    ] {
        assert_eq!(texts(value), expected, "{value}");
    }
}
