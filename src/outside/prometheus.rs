//! Prometheus' HTTP API as far as a threshold needs it: a query now, or over the time for which the comparison must
//! hold. Everything that is not a clear yes is a no that says why.

use chrono::{DateTime, TimeDelta, Utc};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode as encoded};
use serde_json::Value;

/// All but the unreserved characters, which stand for themselves anywhere in an address (RFC 3986 section 2.3).
const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How a value must compare with a threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    pub comparison: Comparison,
    pub value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Below,
    AtMost,
    AtLeast,
    Above,
}

impl Threshold {
    fn holds(self, value: f64) -> bool {
        match self.comparison {
            Comparison::Below => value < self.value,
            Comparison::AtMost => value <= self.value,
            Comparison::AtLeast => value >= self.value,
            Comparison::Above => value > self.value,
        }
    }
}

/// How many samples are asked for over the time, the first one included.
const SAMPLES: i64 = 13;

/// What to ask for: the path and query behind the endpoint's own path.
#[must_use]
pub fn path(query: &str, hold_for: TimeDelta, now: DateTime<Utc>) -> String {
    let query = encoded(query, &RESERVED);
    if hold_for.is_zero() {
        return format!("/api/v1/query?query={query}&time={}", now.timestamp());
    }
    let (start, end, step) = ((now - hold_for).timestamp(), now.timestamp(), step(hold_for));
    format!("/api/v1/query_range?query={query}&start={start}&end={end}&step={step}")
}

fn step(hold_for: TimeDelta) -> i64 {
    (hold_for.num_seconds() / (SAMPLES - 1)).max(1)
}

/// Whether the comparison holds for every value of every series, from the beginning of the time to its end.
///
/// # Errors
///
/// Why not, for people: one number at most of what was answered.
pub fn holds(answer: &[u8], threshold: Threshold, hold_for: TimeDelta, now: DateTime<Utc>) -> Result<(), String> {
    let answer: Value =
        serde_json::from_slice(answer).map_err(|_| "it does not answer as Prometheus does".to_owned())?;
    if answer["status"] != "success" {
        return Err("Prometheus could not evaluate the query".to_owned());
    }
    let data = &answer["data"];
    let samples = match data["resultType"].as_str() {
        Some("scalar") => vec![vec![sample(&data["result"])]],
        Some("vector") => series(data).map(|s| vec![sample(&s["value"])]).collect(),
        Some("matrix") => {
            series(data).map(|s| s["values"].as_array().into_iter().flatten().map(sample).collect::<Vec<_>>()).collect()
        }
        _ => return Err("the query's result is neither a number nor series of numbers".to_owned()),
    };
    if samples.is_empty() {
        return Err("the query finds nothing".to_owned());
    }
    samples.iter().try_for_each(|series| every(series, threshold, hold_for, now))
}

fn series(data: &Value) -> impl Iterator<Item = &Value> {
    data["result"].as_array().into_iter().flatten()
}

/// An instant in seconds, and a value. What is not a number is NaN, for which no comparison holds.
fn sample(pair: &Value) -> (f64, f64) {
    let value = pair[1].as_str().and_then(|text| text.parse().ok());
    (pair[0].as_f64().unwrap_or(f64::NAN), value.unwrap_or(f64::NAN))
}

fn every(series: &[(f64, f64)], threshold: Threshold, hold_for: TimeDelta, now: DateTime<Utc>) -> Result<(), String> {
    if let Some((_, value)) = series.iter().find(|(_, value)| !threshold.holds(*value)) {
        return Err(format!("a value is {value}, and {:?} {} is wanted", threshold.comparison, threshold.value));
    }
    if hold_for.is_zero() {
        return if series.is_empty() { Err("a series has no value".to_owned()) } else { Ok(()) };
    }
    let step = step(hold_for);
    let begin = (now - hold_for).timestamp();
    // Precision: instants of this century have 31 bits.
    let (earliest, latest) = ((begin + step) as f64, (now.timestamp() - step) as f64);
    let covered =
        series.first().is_some_and(|(at, _)| *at <= earliest) && series.last().is_some_and(|(at, _)| *at >= latest);
    let gaps = series.windows(2).any(|pair| pair[1].0 - pair[0].0 > (2 * step) as f64);
    if covered && !gaps {
        Ok(())
    } else {
        Err(format!("a series has values for only a part of the last {} s", hold_for.num_seconds()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const BELOW_ONE: Threshold = Threshold { comparison: Comparison::Below, value: 1.0 };

    fn now() -> DateTime<Utc> {
        "2027-01-12T09:00:00Z".parse().expect("an instant")
    }

    fn instant(kind: &str, result: Value) -> Result<(), String> {
        let answer = json!({"status": "success", "data": {"resultType": kind, "result": result}}).to_string();
        holds(answer.as_bytes(), BELOW_ONE, TimeDelta::zero(), now())
    }

    /// Values a minute apart, ending now.
    fn over_twelve_minutes(values: &[&str]) -> Result<(), String> {
        let count = i64::try_from(values.len()).expect("few");
        let at = |n: usize| now().timestamp() - 60 * (count - 1 - i64::try_from(n).expect("few"));
        let pairs: Vec<Value> = values.iter().enumerate().map(|(n, v)| json!([at(n), v])).collect();
        let answer = json!({"status": "success", "data": {"resultType": "matrix", "result": [{"values": pairs}]}});
        holds(answer.to_string().as_bytes(), BELOW_ONE, TimeDelta::minutes(12), now())
    }

    #[test]
    fn every_series_must_compare() {
        assert_eq!(instant("scalar", json!([1, "0.5"])), Ok(()));
        assert_eq!(instant("vector", json!([{"value": [1, "0.5"]}, {"value": [1, "0.9"]}])), Ok(()));
        assert!(instant("vector", json!([{"value": [1, "0.5"]}, {"value": [1, "1"]}])).is_err());
    }

    #[test]
    fn nothing_and_what_is_no_number_pass_no_comparison() {
        assert!(instant("vector", json!([])).is_err());
        for value in ["NaN", "abc", ""] {
            assert!(instant("scalar", json!([1, value])).is_err(), "{value}");
        }
        assert!(instant("string", json!([1, "0.1"])).is_err());
        assert!(holds(b"<html>", BELOW_ONE, TimeDelta::zero(), now()).is_err());
        assert!(holds(br#"{"status":"error"}"#, BELOW_ONE, TimeDelta::zero(), now()).is_err());
    }

    #[test]
    fn over_a_time_it_must_hold_from_beginning_to_end() {
        assert_eq!(over_twelve_minutes(&["0.5"; 13]), Ok(()));
        let mut spike = ["0.5"; 13];
        spike[4] = "1.5";
        assert!(over_twelve_minutes(&spike).is_err());
        assert!(over_twelve_minutes(&["0.5"; 7]).is_err(), "half of the time is unknown");
    }

    #[test]
    fn each_comparison_means_what_it_says() {
        for (comparison, results) in [
            (Comparison::Below, [true, false, false]),
            (Comparison::AtMost, [true, true, false]),
            (Comparison::AtLeast, [false, true, true]),
            (Comparison::Above, [false, false, true]),
        ] {
            let threshold = Threshold { comparison, value: 1.0 };
            assert_eq!([0.9, 1.0, 1.1].map(|v| threshold.holds(v)), results, "{comparison:?}");
        }
    }

    #[test]
    fn a_query_cannot_leave_its_parameter() {
        let path = path("up{a=\"b\"} & time=0 # é", TimeDelta::zero(), now());
        assert_eq!(path.matches('&').count(), 1, "{path}");
        assert!(!path.contains(' ') && !path.contains('#') && !path.contains('"'), "{path}");
    }
}
