//! What is a rule and what is not, each with its reason.

use super::super::civil::parse_wall;
use super::*;

fn refused(rule: &str, why: &str) {
    let fault = parse(rule).expect_err(rule);
    assert!(fault.message.contains(why), "{rule}: {}", fault.message);
}

#[test]
fn a_rule_is_read_in_any_order_and_any_capitals() {
    let rule = parse("byday=mo,-1fr;Interval=2;FREQ=monthly;WKST=SU").unwrap();
    assert_eq!((rule.parts.frequency, rule.parts.interval, rule.parts.week_start), (Frequency::Monthly, 2, 6));
    assert_eq!((rule.parts.weekdays, rule.parts.nth_weekdays.as_slice()), (1, [(-1, 4)].as_slice()));
}

#[test]
fn times_that_are_not_given_are_those_of_the_start() {
    let start = parse_wall("2027-01-05T09:30:15").unwrap();
    let times = |rule: &str| parse(rule).unwrap().times_from(start).times;
    assert_eq!(times("FREQ=DAILY"), [34_215]);
    assert_eq!(times("FREQ=DAILY;BYHOUR=14,8"), [30_615, 52_215]);
    assert_eq!(times("FREQ=DAILY;BYMINUTE=0,45;BYSECOND=0"), [32_400, 35_100]);
}

#[test]
fn what_the_grammar_does_not_have_is_refused_with_its_token() {
    refused("", "is not NAME=VALUE");
    refused("FREQ=DAILY;", "is not NAME=VALUE");
    refused("RRULE:FREQ=DAILY", "\"RRULE:FREQ\"");
    refused("INTERVAL=2", "no FREQ");
    refused("FREQ=DAILY;FREQ=DAILY", "FREQ stands twice");
    refused("FREQ=FORTNIGHTLY", "\"FORTNIGHTLY\"");
    refused("FREQ=DAILY;BYFOO=1", "\"BYFOO\"");
    refused("FREQ=WEEKLY;BYDAY=MO-FR", "\"MO-FR\"");
    refused("FREQ=WEEKLY;BYDAY=MONDAY", "\"MONDAY\"");
    refused("FREQ=MONTHLY;BYDAY=0MO", "\"0MO\"");
    refused("FREQ=YEARLY;BYDAY=54MO", "\"54MO\"");
    refused("FREQ=DAILY;BYHOUR=24", "\"24\"");
    refused("FREQ=DAILY;BYHOUR=009", "\"009\"");
    refused("FREQ=YEARLY;BYMONTH=-1", "\"-1\" must be from 1 to 12");
    refused("FREQ=YEARLY;BYMONTH=+1", "\"+1\" must be from 1 to 12");
    refused("FREQ=MONTHLY;BYMONTHDAY=0", "\"0\" must be from 1 to 31, or negative from the end");
    refused("FREQ=MONTHLY;BYMONTHDAY=1,,2", "\"\"");
    refused("FREQ=YEARLY;BYDAY=MO;BYSETPOS=367", "\"367\"");
    refused("FREQ=DAILY;UNTIL=tomorrow", "\"TOMORROW\"");
    refused("FREQ=DAILY;UNTIL=20270229T000000Z", "UNTIL");
}

#[test]
fn what_rfc_5545_forbids_together_is_refused() {
    refused("FREQ=DAILY;COUNT=2;UNTIL=20270105T090000Z", "exclude each other");
    refused("FREQ=WEEKLY;BYDAY=1MO", "numbered BYDAY");
    refused("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "with BYWEEKNO");
    refused("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY");
    refused("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY");
    refused("FREQ=MONTHLY;BYWEEKNO=1;BYDAY=MO", "BYWEEKNO needs FREQ=YEARLY");
    refused("FREQ=DAILY;BYSETPOS=1", "BYSETPOS");
    refused("FREQ=YEARLY;BYWEEKNO=1", "add for example BYDAY=MO");
}

#[test]
fn what_would_cost_too_much_is_refused_with_the_bound() {
    refused("FREQ=SECONDLY", "faster than a day");
    refused("FREQ=DAILY;COUNT=0", "from 1 to 10000");
    refused("FREQ=DAILY;INTERVAL=0", "from 1 to 10000");
    refused("FREQ=DAILY;COUNT=-3", "from 1 to 10000");
    refused("FREQ=DAILY;COUNT=10001", "more than 10000");
    refused("FREQ=DAILY;COUNT=99999999999999999999", "more than 10000");
    let list = |most: u32| (0..most).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    refused(&format!("FREQ=DAILY;BYHOUR={};BYMINUTE={};BYSECOND=0,1", list(24), list(60)), "2880 times a day");
    assert!(parse(&format!("FREQ=DAILY;BYHOUR={};BYMINUTE={}", list(24), list(60))).is_ok(), "a start every minute");
    let longest = format!("FREQ=MONTHLY;BYMONTHDAY={}1", "01,".repeat(333));
    assert_eq!((longest.len(), parse(&longest).is_ok()), (1_024, true));
    refused(&format!("{longest}0"), "1024 characters");
}
