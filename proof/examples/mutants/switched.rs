//! All mistakes that cargo-mutants lists, compiled into one program: each is made when the environment variable `MUTANT`
//! has its number, so that to judge one costs the time of the tests and not that of a build.
//!
//! The sources stay as they are, and only get something between: `a < b` becomes
//! `(if crate::mutant(7) { a > b } else { a < b })`. Where the compiler objects, it is found out which mistake it objects
//! to, and that one is left out: it would not have compiled by itself either.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Arm, Block, Expr, File, ImplItemConst, ImplItemFn, ItemConst, ItemFn, ItemMod, ItemStatic, Signature, Type};

/// What every source says of mistakes: whether this is the one that is made.
pub const SWITCH: &str = "
#[allow(missing_docs)]
pub fn mutant(number: u32) -> bool {
    static MADE: std::sync::OnceLock<u32> = std::sync::OnceLock::new();
    *MADE.get_or_init(|| std::env::var(\"MUTANT\").ok().and_then(|n| n.parse().ok()).unwrap_or(0)) == number
}
";

/// A mistake, as `cargo mutants --list --json` has it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Counted from one.
    pub number: u32,
    pub name: String,
    pub file: String,
    genre: String,
    replacement: String,
    /// Lines and columns, counted from one; the end is not part of it.
    start: (usize, usize),
    end: (usize, usize),
}

impl Listed {
    /// Reads a list.
    pub fn all(list: &str) -> Vec<Self> {
        let list: Vec<Value> = serde_json::from_str(list).expect("cargo-mutants writes a list");
        let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
        let place = |of: &Value| {
            let number = |name: &str| of[name].as_u64().and_then(|n| usize::try_from(n).ok()).expect("a number");
            (number("line"), number("column"))
        };
        let one = |(n, of): (usize, &Value)| Self {
            number: u32::try_from(n + 1).expect("so many are never listed"),
            name: text(&of["name"]),
            file: text(&of["file"]),
            genre: text(&of["genre"]),
            replacement: text(&of["replacement"]),
            start: place(&of["span"]["start"]),
            end: place(&of["span"]["end"]),
        };
        list.iter().enumerate().map(one).collect()
    }

    /// The source with this mistake made for good.
    pub fn made_in(&self, source: &str) -> String {
        let range = offset(source, self.start)..offset(source, self.end);
        // What is left of a field that is deleted is the comma after it.
        let comma = usize::from(self.genre == "StructField" && source[range.end..].starts_with(','));
        format!("{}{}{}", &source[..range.start], self.replacement, &source[range.end + comma..])
    }
}

fn offset(source: &str, (line, column): (usize, usize)) -> usize {
    let before: usize = source.split_inclusive('\n').take(line - 1).map(str::len).sum();
    source[before..].char_indices().nth(column - 1).map_or(source.len(), |(n, _)| before + n)
}

/// A source with mistakes behind switches.
pub struct Switched {
    pub text: String,
    /// Which mistakes stand where, in bytes of the text.
    places: Vec<(Range<usize>, Vec<u32>)>,
    /// Where what is matched stands, in bytes of the text.
    matches: Vec<Range<usize>>,
}

impl Switched {
    /// Puts mistakes behind switches. Those that cannot be, such as in a constant, are left out.
    pub fn new(source: &str, mistakes: &[&Listed]) -> Self {
        let file: File = syn::parse_file(source).expect("the sources are Rust");
        let mut finder = Finder { source, mistakes: BTreeMap::new(), around: Vec::new() };
        for mistake in mistakes {
            finder.mistakes.entry(offset(source, mistake.start)).or_default().push(mistake);
        }
        finder.visit_file(&file);
        Self::written(source, finder.around)
    }

    /// The mistakes that are in it.
    pub fn made(&self) -> BTreeSet<u32> {
        self.places.iter().flat_map(|(_, numbers)| numbers.iter().copied()).collect()
    }

    /// The mistakes to which the compiler objects when it objects to these bytes: the innermost that are there.
    pub fn at(&self, bytes: &Range<usize>) -> &[u32] {
        let there = self.places.iter().filter(|(r, _)| r.start <= bytes.start && bytes.start < r.end);
        there.min_by_key(|(r, _)| r.len()).map_or(&[], |(_, numbers)| numbers)
    }

    /// The arms that would be missing where the compiler says of these bytes that not all is matched.
    pub fn arms_at(&self, bytes: &Range<usize>) -> Vec<u32> {
        let innermost = |at: usize| self.matches.iter().filter(|m| m.contains(&at)).min_by_key(|m| m.len());
        let arms = self.places.iter().filter(|(r, _)| self.text[r.clone()].starts_with(ARM));
        let theirs = arms.filter(|(r, _)| innermost(r.start) == innermost(bytes.start));
        theirs.flat_map(|(_, numbers)| numbers.iter().copied()).collect::<BTreeSet<u32>>().into_iter().collect()
    }

    fn written(source: &str, mut around: Vec<Around>) -> Self {
        // What is around more begins earlier, and of what begins at one place what ends later.
        around.sort_by_key(|a| (a.range.start, std::cmp::Reverse(a.range.end)));
        let (mut text, mut places, mut matches) = (String::new(), Vec::new(), Vec::new());
        let mut open: Vec<(Around, usize)> = Vec::new();
        let mut copied = 0;
        for next in around.into_iter().map(Some).chain([None]) {
            let until = next.as_ref().map_or(source.len(), |a| a.range.start);
            while let Some((inner, begun)) = open.pop_if(|(a, _)| next.is_none() || a.range.end <= until) {
                text += &source[copied..inner.range.end];
                copied = inner.range.end;
                text += inner.after;
                let numbers: Vec<u32> = inner.before.iter().map(|(n, _)| *n).collect();
                if numbers.is_empty() {
                    matches.push(begun..text.len());
                } else {
                    places.push((begun..text.len(), numbers));
                }
            }
            text += &source[copied..until];
            copied = until;
            if let Some(next) = next {
                let begun = text.len();
                for (number, before) in &next.before {
                    let at = text.len();
                    text += before;
                    places.push((at..text.len(), vec![*number]));
                }
                text += next.then;
                open.push((next, begun));
            }
        }
        Self { text, places, matches }
    }
}

/// How an arm begins that may be missing.
const ARM: &str = " if !crate::mutant";

/// What is written around a piece of the source. Nothing is around what is matched: only its place is known.
struct Around {
    range: Range<usize>,
    before: Vec<(u32, String)>,
    /// Between that and the piece.
    then: &'static str,
    after: &'static str,
}

/// Finds what a source says at the places of mistakes.
struct Finder<'a> {
    source: &'a str,
    /// By where they begin.
    mistakes: BTreeMap<usize, Vec<&'a Listed>>,
    around: Vec<Around>,
}

impl Finder<'_> {
    fn begin_at(&self, at: usize, genre: &str) -> Vec<(u32, String)> {
        let here = self.mistakes.get(&at).into_iter().flatten().filter(|m| m.genre == genre);
        here.map(|m| (m.number, m.replacement.clone())).collect()
    }

    fn put(&mut self, range: Range<usize>, before: Vec<(u32, String)>, then: &'static str, after: &'static str) {
        if !before.is_empty() {
            self.around.push(Around { range, before, then, after });
        }
    }

    /// A function that answers without having thought.
    fn body(&mut self, signature: &Signature, block: &Block) {
        // Of a type without a name there is only one: what answers at once would be of another.
        if self.source[signature.output.span().byte_range()].contains("impl ") {
            return;
        }
        let braces = block.brace_token.span;
        let inside = braces.open().byte_range().end..braces.close().byte_range().start;
        let first = block.stmts.first().map_or(inside.end, |s| s.span().byte_range().start);
        let answers = self.begin_at(first, "FnValue").into_iter();
        let answers = answers.map(|(n, answer)| (n, format!(" if crate::mutant({n}) {{ return {answer}; }}")));
        let answers = answers.collect();
        self.put(inside.start..inside.start, answers, "", "");
    }

    /// One of several expressions stands there instead.
    fn instead(&mut self, range: Range<usize>, others: Vec<(u32, String)>) {
        let first = others.first().map(|(n, _)| *n);
        let branch = |(n, other): (u32, String)| {
            let begin = if Some(n) == first { "(if" } else { " else if" };
            (n, format!("{begin} crate::mutant({n}) {{ {other} }}"))
        };
        let others = others.into_iter().map(branch).collect();
        self.put(range, others, " else { ", " })");
    }
}

impl<'a> Visit<'a> for Finder<'_> {
    // What is computed when it is compiled has no switch.
    fn visit_item_const(&mut self, _: &'a ItemConst) {}
    fn visit_item_static(&mut self, _: &'a ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'a ImplItemConst) {}
    fn visit_type(&mut self, _: &'a Type) {}

    fn visit_item_mod(&mut self, module: &'a ItemMod) {
        let is_test =
            |a: &syn::Attribute| a.path().is_ident("cfg") && self.source[a.span().byte_range()].contains("test");
        if !module.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_fn(&mut self, function: &'a ItemFn) {
        if function.sig.constness.is_none() {
            self.body(&function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'a ImplItemFn) {
        if function.sig.constness.is_none() {
            self.body(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_arm(&mut self, arm: &'a Arm) {
        let pattern = arm.pat.span().byte_range();
        let gone = self.begin_at(pattern.start, "MatchArm");
        match &arm.guard {
            Some((_, guard)) => {
                let range = guard.span().byte_range();
                let mut others = self.begin_at(range.start, "MatchArmGuard");
                others.extend(gone.into_iter().map(|(n, _)| (n, "false".to_owned())));
                if !has_let(guard) {
                    self.instead(range, others);
                }
            }
            None => {
                let gone = gone.into_iter().map(|(n, _)| (n, format!("{ARM}({n})"))).collect();
                self.put(pattern.end..pattern.end, gone, "", "");
            }
        }
        visit::visit_arm(self, arm);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let text = |of: &Expr| self.source[of.span().byte_range()].to_owned();
        let range = expr.span().byte_range();
        match expr {
            Expr::Binary(binary) if !has_let(expr) => {
                let (left, right) = (text(&binary.left), text(&binary.right));
                let others = self.begin_at(binary.op.span().byte_range().start, "BinaryOperator").into_iter();
                let others = others.map(|(n, other)| (n, format!("{left} {other} {right}"))).collect();
                self.instead(range, others);
            }
            Expr::Unary(unary) => {
                let others = self.begin_at(range.start, "UnaryOperator").into_iter();
                let others = others.map(|(n, _)| (n, text(&unary.expr))).collect();
                self.instead(range, others);
            }
            Expr::Match(_) => self.around.push(Around { range, before: Vec::new(), then: "", after: "" }),
            _ => {}
        }
        visit::visit_expr(self, expr);
    }
}

/// Whether names are bound in a condition: they would not be seen outside of an `if`.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        Expr::Paren(inner) => has_let(&inner.expr),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SOURCE: &str =
        "fn f(a: u8) -> bool {\n    match a {\n        1 => !(a < 2),\n        _ => a < 3 && a > 0,\n    }\n}\n";

    fn listed() -> Vec<Listed> {
        let one = |genre: &str, replacement: &str, [line, from, to]: [u32; 3]| {
            json!({"name": genre, "file": "f.rs", "genre": genre, "replacement": replacement,
                "span": {"start": {"line": line, "column": from}, "end": {"line": line, "column": to}}})
        };
        let list = json!([
            one("FnValue", "true", [2, 5, 14]),
            one("MatchArm", "", [3, 9, 23]),
            one("UnaryOperator", "", [3, 14, 15]),
            one("BinaryOperator", "||", [4, 20, 22]),
            one("BinaryOperator", ">", [4, 16, 17]),
            one("BinaryOperator", "==", [4, 16, 17]),
        ]);
        Listed::all(&list.to_string())
    }

    #[test]
    fn every_mistake_gets_a_switch_and_the_rest_stays_as_it_is() {
        let listed = listed();
        let switched = Switched::new(SOURCE, &listed.iter().collect::<Vec<_>>());
        let expected = "fn f(a: u8) -> bool { if crate::mutant(1) { return true; }\n    match a {\n        \
            1 if !crate::mutant(2) => (if crate::mutant(3) { (a < 2) } else { !(a < 2) }),\n        \
            _ => (if crate::mutant(4) { a < 3 || a > 0 } else { (if crate::mutant(5) { a > 3 } else if \
            crate::mutant(6) { a == 3 } else { a < 3 }) && a > 0 }),\n    }\n}\n";
        assert_eq!(switched.text, expected);
        assert_eq!(switched.made(), (1..=6).collect());
        let at = |text: &str| {
            let start = expected.find(text).expect("it is there");
            switched.at(&(start..start + text.len())).to_vec()
        };
        assert_eq!((at("a == 3"), at("a < 3 || a"), at("return true")), (vec![6], vec![4], vec![1]));
        assert_eq!((at("&& a > 0 })"), at("match a")), (vec![4], vec![]));
        let matched = expected.find("match a").expect("it is there");
        assert_eq!(switched.arms_at(&(matched..matched + 5)), [2]);
    }

    #[test]
    fn a_mistake_can_also_be_made_for_good() {
        assert!(listed()[5].made_in(SOURCE).contains("_ => a == 3 && a > 0"));
    }
}
