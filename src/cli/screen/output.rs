//! Answers for programs: JSON, YAML, names, and single fields.

use jsonpath_rust::JsonPath;
use serde::Serialize;
use serde_json::Value;

use crate::cli::Failure;

/// The version of what `-o json` says: fields are added to it, never changed.
pub const VERSION: &str = "cli.rollcall.dev/v1";

/// What `-o` asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Table,
    Wide,
    Json,
    Yaml,
    Name,
    /// A template as kubectl's: text, `{.path}` and `{"\n"}`.
    JsonPath(String),
}

/// The option `-o`.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Output {
    /// table, wide, json, yaml, name, or jsonpath=TEMPLATE.
    #[arg(short = 'o', long = "output", value_name = "FORMAT", value_parser = format, default_value = "table", hide_default_value = true)]
    pub format: Format,
}

fn format(text: &str) -> Result<Format, String> {
    Ok(match text {
        "table" | "" => Format::Table,
        "wide" => Format::Wide,
        "json" => Format::Json,
        "yaml" => Format::Yaml,
        "name" => Format::Name,
        other => match other.strip_prefix("jsonpath=") {
            Some(template) => {
                fields(template)?;
                Format::JsonPath(template.to_owned())
            }
            None => return Err("choose table, wide, json, yaml, name, or jsonpath=TEMPLATE".to_owned()),
        },
    })
}

/// The text of an answer for programs. `None` if it is to be shown to people.
///
/// # Errors
///
/// When a path of the template makes no sense for it.
pub fn for_programs(format: &Format, answer: &impl Serialize, names: &[String]) -> Result<Option<String>, Failure> {
    let value = || serde_json::to_value(answer).unwrap_or_default();
    Ok(Some(match format {
        Format::Table | Format::Wide => return Ok(None),
        Format::Json => super::text::inert_json(&format!("{:#}\n", value())),
        Format::Yaml => serde_saphyr::to_string(&value())
            .map_err(|e| Failure::unreachable(e, "use -o json, and report this as a bug"))?,
        Format::Name => names.iter().map(|name| format!("{name}\n")).collect(),
        Format::JsonPath(template) => filled(template, &value())
            .map_err(|why| Failure::usage(why, "write a path such as {.blockers[*].code}; -o json shows the fields"))?,
    }))
}

/// A part of a template.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Path(String),
}

/// The parts of a template: `{.a}` and `{$.a}` are paths, `{"text"}` is text, and so is all outside of braces.
fn fields(template: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            parts.push(Part::Text(rest[..open].to_owned()));
        }
        let inside = &rest[open + 1..];
        let close = closing(inside).ok_or_else(|| format!("a brace is not closed: {{{inside}"))?;
        let inner = inside[..close].trim();
        let quoted = inner.strip_prefix('"').and_then(|i| i.strip_suffix('"'));
        parts.push(match quoted {
            Some(text) => Part::Text(text.replace("\\n", "\n").replace("\\t", "\t")),
            None if inner.starts_with("range") || inner == "end" => {
                return Err("range is not supported: use [*]".to_owned());
            }
            None => Part::Path(format!("${}", inner.trim_start_matches('$'))),
        });
        rest = &inside[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

/// Where the brace closes, which quotes may contain.
fn closing(inside: &str) -> Option<usize> {
    let mut quoted = false;
    inside.char_indices().find_map(|(n, c)| {
        quoted ^= c == '"';
        (c == '}' && !quoted).then_some(n)
    })
}

fn filled(template: &str, value: &Value) -> Result<String, String> {
    let mut out = String::new();
    for part in fields(template)? {
        match part {
            Part::Text(text) => out.push_str(&text),
            Part::Path(path) => {
                let found = value.query(&path).map_err(|e| format!("{path}: {e}"))?;
                let texts: Vec<String> =
                    found.into_iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect();
                out.push_str(&texts.join(" "));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_is_filled_as_kubectl_fills_it() {
        let value = json!({"digest": "sha256:1", "blockers": [{"code": "RC051"}, {"code": "RC032"}], "n": 2,
            "conditions": [{"type": "Ready", "status": "True"}]});
        for (template, said) in [
            ("{.digest}", "sha256:1"),
            ("{.blockers[*].code}", "RC051 RC032"),
            ("{$.n}{\"\\n\"}", "2\n"),
            ("n={.n};", "n=2;"),
            (r#"{.conditions[?(@.type=="Ready")].status}"#, "True"),
            ("{.absent}", ""),
        ] {
            assert_eq!(filled(template, &value).as_deref(), Ok(said), "{template}");
        }
        filled("{.a", &value).expect_err("not closed");
        filled("{range .blockers[*]}{.code}{end}", &value).expect_err("no range");
        format("jsonpath={.a[}").map(|f| for_programs(&f, &value, &[])).expect("a template").expect_err("no path");
    }
}
