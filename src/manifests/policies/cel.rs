//! CEL as text: quoting, indentation, and messages with expressions in them.

/// `text` as a CEL string literal.
pub(in crate::manifests) fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A list of CEL string literals.
pub(super) fn quote_all(texts: &[&str]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| quote(text)).collect();
    format!("[{}]", quoted.join(", "))
}

/// The JSON pointer of an annotation.
pub(super) fn annotation_pointer(key: &str) -> String {
    format!("/metadata/annotations/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Takes the common indentation and the outer blank lines away, so that expressions can be indented like code
/// here and still be read with `kubectl get -o yaml`.
pub(super) fn dedent(text: &str) -> String {
    let indent = text
        .lines()
        .skip(1)
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines: Vec<&str> = text
        .lines()
        .enumerate()
        .map(|(number, line)| if number == 0 { line } else { line.get(indent..).unwrap_or("") }.trim_end())
        .collect();
    lines.join("\n").trim().to_owned()
}

/// A sentence with expressions in braces, as a CEL string expression: `"of {request.name} is"` becomes
/// `'of ' + request.name + ' is'`. The expressions must be strings.
pub(super) fn sentence(template: &str) -> String {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, tail)) = rest.split_once('{') {
        let (expression, after) = tail.split_once('}').unwrap_or((tail, ""));
        parts.push(quote(text));
        parts.push(expression.to_owned());
        rest = after;
    }
    parts.push(quote(rest));
    parts.retain(|part| part != "''");
    parts.join(" + ")
}

/// The same sentence without its expressions, for when one of them fails.
pub(super) fn plain(template: &str) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((text, tail)) = rest.split_once('{') {
        out.push_str(text);
        out.push('…');
        rest = tail.split_once('}').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quote(r"a' || true || '\"), r"'a\' || true || \'\\'");
    }

    #[test]
    fn a_sentence_becomes_a_concatenation_and_keeps_its_words_without_it() {
        assert_eq!(sentence("{request.name} is held"), "request.name + ' is held'");
        assert_eq!(sentence("a {b} c"), "'a ' + b + ' c'");
        assert_eq!(plain("a {b} c"), "a … c");
    }

    #[test]
    fn indentation_is_what_the_lines_share() {
        assert_eq!(dedent("a &&\n        b &&\n          c\n    "), "a &&\nb &&\n  c");
        assert_eq!(dedent("\n    a\n      b\n"), "a\n  b");
    }

    #[test]
    fn slashes_in_annotation_keys_are_escaped() {
        assert_eq!(annotation_pointer("rollcall.dev/hold"), "/metadata/annotations/rollcall.dev~1hold");
    }
}
