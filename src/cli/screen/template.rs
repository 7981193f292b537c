//! Templates as kubectl's `-o jsonpath=`: text, `{.path}`, `{"text"}`, and `{range .path}…{end}`.
//!
//! Paths are those of RFC 9535. What kubectl has beside that is refused by name, never taken for text.

use jsonpath_rust::JsonPath;
use serde_json::Value;

/// A template that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Path(String),
    /// For each of what is found there.
    Range(String, Vec<Part>),
}

/// How deep ranges may stand in each other.
const DEEPEST: usize = 8;

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or not supported.
    pub fn read(template: &str) -> Result<Self, String> {
        let mut rest = template;
        let parts = parts(&mut rest, 0)?;
        Ok(Self(parts))
    }

    /// The text for a document.
    ///
    /// # Errors
    ///
    /// When a path makes no sense.
    pub fn filled(&self, value: &Value) -> Result<String, String> {
        let mut out = String::new();
        fill(&self.0, value, &mut out)?;
        Ok(out)
    }
}

/// The parts up to the end of the template, or of the range that it stands in.
fn parts(rest: &mut &str, depth: usize) -> Result<Vec<Part>, String> {
    let mut all = Vec::new();
    while let Some(open) = rest.find('{') {
        if open > 0 {
            all.push(Part::Text(rest[..open].to_owned()));
        }
        let inside = &rest[open + 1..];
        let close = closing(inside).ok_or_else(|| format!("a brace is not closed: {{{inside}"))?;
        let inner = inside[..close].trim();
        *rest = &inside[close + 1..];
        match (inner.strip_prefix("range "), inner) {
            (Some(_), _) if depth >= DEEPEST => return Err(format!("more than {DEEPEST} ranges in each other")),
            (Some(over), _) => all.push(Part::Range(path(over.trim())?, parts(rest, depth + 1)?)),
            (None, "end") if depth > 0 => return Ok(all),
            (None, "end") => return Err("{end} without a {range}".to_owned()),
            (None, _) => all.push(inner_part(inner)?),
        }
    }
    if depth > 0 {
        return Err("a {range} without its {end}".to_owned());
    }
    if !rest.is_empty() {
        all.push(Part::Text((*rest).to_owned()));
    }
    Ok(all)
}

fn inner_part(inner: &str) -> Result<Part, String> {
    match inner.strip_prefix('"').and_then(|i| i.strip_suffix('"')) {
        Some(text) => Ok(Part::Text(text.replace("\\n", "\n").replace("\\t", "\t"))),
        None => Ok(Part::Path(path(inner)?)),
    }
}

/// `.a`, `$.a`, `@.a` or `[0]`: in a range they are relative to what it is at.
fn path(text: &str) -> Result<String, String> {
    if text.contains("=~") {
        return Err(format!("{text}: =~ is not supported: choose by ==, or filter the output"));
    }
    let relative = text.trim_start_matches(['$', '@']);
    if relative.is_empty() || relative.starts_with(['.', '[']) {
        return Ok(format!("${relative}"));
    }
    Err(format!("{text}: write {{.path}}, {{\"text\"}}, {{range .path}} or {{end}}"))
}

/// Where the brace closes, which quotes may contain.
fn closing(inside: &str) -> Option<usize> {
    let mut quoted = false;
    inside.char_indices().find_map(|(n, c)| {
        quoted ^= c == '"';
        (c == '}' && !quoted).then_some(n)
    })
}

fn fill(parts: &[Part], value: &Value, out: &mut String) -> Result<(), String> {
    let found = |path: &str| value.query(path).map_err(|e| format!("{path}: {e}"));
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Path(path) => {
                let texts = found(path)?.into_iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
                out.push_str(&texts.collect::<Vec<_>>().join(" "));
            }
            Part::Range(path, body) => {
                for one in found(path)? {
                    // As kubectl: a list is gone through, whether or not the path says [*].
                    match one.as_array() {
                        Some(all) => all.iter().try_for_each(|one| fill(body, one, out))?,
                        None => fill(body, one, out)?,
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_is_filled_as_kubectl_fills_it() {
        let value = json!({"digest": "sha256:1", "blockers": [{"code": "RC051", "steps": ["a", "b"]}, {"code": "RC032",
            "steps": []}], "n": 2, "conditions": [{"type": "Ready", "status": "True"}]});
        for (template, said) in [
            ("{.digest}", "sha256:1"),
            ("{.blockers[*].code}", "RC051 RC032"),
            ("{$.n}{\"\\n\"}", "2\n"),
            ("n={.n};", "n=2;"),
            (r#"{.conditions[?(@.type=="Ready")].status}"#, "True"),
            ("{.absent}", ""),
            ("{range .blockers[*]}{.code}:{range .steps[*]}{@},{end}{\"\\n\"}{end}.", "RC051:a,b,\nRC032:\n."),
            ("{range .blockers}{@.code} {end}", "RC051 RC032 "),
            ("{range .absent}x{end}", ""),
        ] {
            let template = Template::read(template).unwrap_or_else(|e| panic!("{template}: {e}"));
            assert_eq!(template.filled(&value).as_deref(), Ok(said), "{template:?}");
        }
    }

    #[test]
    fn what_is_not_supported_is_named() {
        for (template, said) in [
            ("{.a", "not closed"),
            ("{range .a}{.b}", "without its {end}"),
            ("{end}", "without a {range}"),
            ("{if .a}", "if .a: write"),
            ("{.a[?(@.b=~\"x\")]}", "=~ is not supported"),
        ] {
            let why = Template::read(template).expect_err(template);
            assert!(why.contains(said), "{why}");
        }
        Template::read(&"{range .a}".repeat(100_000)).expect_err("too deep");
    }
}
