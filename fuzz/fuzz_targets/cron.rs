//! A cron expression with a duration: the first line and the second.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rollcall_fuzz::alone::calendar::Form;

fuzz_target!(|text: &str| {
    let (expression, duration) = text.split_once('\n').unwrap_or((text, "36h"));
    let form = Form::Cron { expression: expression.into(), duration: duration.into() };
    rollcall_fuzz::alone::ask::window("Australia/Lord_Howe", form);
});
