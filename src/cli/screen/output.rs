//! Answers for programs: JSON, YAML, names, and single fields.

use std::io::IsTerminal;

use serde::Serialize;

use super::template::Template;
use super::text::inert_lines;
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
    /// A template as kubectl's: text, `{.path}`, `{"\n"}` and `{range .path}…{end}`.
    JsonPath(Template),
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
            Some(template) => Format::JsonPath(Template::read(template)?),
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
    let text = match format {
        Format::Table | Format::Wide => return Ok(None),
        Format::Json => super::text::inert_json(&format!("{:#}\n", value())),
        Format::Yaml => serde_saphyr::to_string(&value())
            .map_err(|e| Failure::unreachable(e, "use -o json, and report this as a bug"))?,
        Format::Name => names.iter().map(|name| format!("{name}\n")).collect(),
        Format::JsonPath(template) => template
            .filled(&value())
            .map_err(|why| Failure::usage(why, "write a path such as {.blockers[*].code}; -o json shows the fields"))?,
    };
    // A program reads what is written there; a terminal would obey it.
    let shown = |text: &str| text.split('\t').map(inert_lines).collect::<Vec<_>>().join("\t");
    Ok(Some(if std::io::stdout().is_terminal() { shown(&text) } else { text }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_that_makes_no_sense_is_wrong_usage() {
        let value = json!({"a": 1});
        format("jsonpath={.a[}").map(|f| for_programs(&f, &value, &[])).expect("a template").expect_err("no path");
        format("jsonpath={.a").expect_err("not closed");
        format("xml").expect_err("no such format");
    }
}
