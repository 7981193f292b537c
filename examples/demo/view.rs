//! What a release looks like to a person: its steps, and what keeps them waiting.

use serde_json::Value;

use crate::screen::{Paint, Style};
use crate::support::shop;

/// What the status of a release says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    pub steps: Vec<Step>,
    pub blockers: Vec<Blocked>,
    /// The message of the condition Ready.
    pub verdict: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    pub name: String,
    pub team: String,
    pub workload: String,
    pub state: String,
    pub waits_for: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocked {
    pub code: String,
    pub step: String,
    pub owner: String,
    pub message: String,
}

/// Reads the status of a release.
pub fn of(release: &Value) -> View {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| release["status"][name].as_array().cloned().unwrap_or_default();
    let blockers: Vec<Blocked> = list("blockers")
        .iter()
        .map(|b| Blocked {
            code: text(&b["code"]),
            step: text(&b["step"]),
            owner: text(&b["owner"]),
            message: text(&b["message"]),
        })
        .collect();
    let states = list("steps");
    let steps = shop::STEPS.iter().map(|(name, team, kind, workload)| {
        let status = states.iter().find(|s| s["name"] == *name).cloned().unwrap_or_default();
        let state = status["state"].as_str().unwrap_or("Unknown").to_owned();
        let waits_for = match state.as_str() {
            "Waiting" | "Unknown" => waits_for(&blockers, name),
            "Done" => String::new(),
            _ => text(&status["message"]),
        };
        Step {
            name: (*name).to_owned(),
            team: (*team).to_owned(),
            workload: format!("{kind} {workload}"),
            state,
            waits_for,
        }
    });
    let conditions = list("conditions");
    let ready = conditions.iter().find(|c| c["type"] == "Ready");
    View { steps: steps.collect(), blockers, verdict: ready.map(|c| text(&c["message"])).unwrap_or_default() }
}

/// What one step waits for, in a few words: who owes a sign-off, and which step comes first.
fn waits_for(blockers: &[Blocked], step: &str) -> String {
    let mine = || blockers.iter().filter(|b| b.step == step || b.step.is_empty());
    let unsigned = |b: &&Blocked| ("RC051"..="RC055").contains(&b.code.as_str());
    let team = |b: &Blocked| b.owner.split('/').next().unwrap_or_default().to_owned();
    let mut parts: Vec<String> = Vec::new();
    let mut signers: Vec<String> = mine().filter(unsigned).map(team).collect();
    signers.dedup();
    if !signers.is_empty() {
        parts.push(format!("sign-off of {}", signers.join(", ")));
    }
    for other in mine().filter(|b| !unsigned(b)) {
        parts.push(match other.code.as_str() {
            "RC071" | "RC072" => other.owner.clone(),
            _ => other.message.clone(),
        });
    }
    parts.join("; ")
}

/// Word, glyph, glyph in ASCII, colour.
fn look(state: &str) -> (&'static str, &'static str, Paint) {
    match state {
        "Waiting" => ("॥", "=", Paint::Yellow),
        "Granted" => ("▸", ">", Paint::Blue),
        "Progressing" => ("◌", "~", Paint::Blue),
        "Soaking" => ("◔", "o", Paint::Blue),
        "Done" => ("✔", "+", Paint::Green),
        "RollingBack" => ("↶", "<", Paint::Yellow),
        "RolledBack" => ("↺", "-", Paint::Yellow),
        "Failed" => ("✖", "x", Paint::Red),
        _ => ("?", "?", Paint::Faint),
    }
}

impl View {
    /// The lines of the table. None is wider than the terminal, and all of them fit on it.
    pub fn table(&self, style: Style) -> Vec<String> {
        let wide = style.width.saturating_sub(1);
        let columns = [9, 6, 20, 14];
        let rest = wide.saturating_sub(columns.iter().sum::<usize>() + 2);
        let row = |cells: [&str; 5], paint: Paint| {
            let mut line = "  ".to_owned();
            for (i, (cell, width)) in cells.iter().zip(columns).enumerate() {
                let text = format!("{} ", style.fit(&style.clean(cell), width - 1));
                line += &style.paint(if i == 3 { paint } else { Paint::Plain }, &text);
            }
            let last = style.fit(&style.clean(cells[4]), rest);
            line + last.trim_end()
        };
        let head = row(["STEP", "TEAM", "WORKLOAD", "STATE", "WAITS FOR"], Paint::Plain);
        let mut lines = vec![String::new(), style.paint(Paint::Bold, &head)];
        for step in &self.steps {
            let (glyph, ascii, paint) = look(&step.state);
            let state = format!("{} {}", if style.unicode { glyph } else { ascii }, step.state);
            let cells = [&*step.name, &*step.team, &*step.workload, &*state, &*step.waits_for];
            lines.push(row(cells, paint));
        }
        lines.push(String::new());
        let room = style.height.saturating_sub(lines.len() + 3);
        lines.extend(self.blocked(style, wide, room));
        lines
    }

    fn blocked(&self, style: Style, wide: usize, room: usize) -> Vec<String> {
        if self.blockers.is_empty() {
            let verdict = style.fit(&style.clean(&self.verdict), wide.saturating_sub(2));
            return vec![format!("  {}", verdict.trim_end())];
        }
        let title = format!("BLOCKERS ({})", self.blockers.len());
        let mut lines = vec![format!("  {}", style.paint(Paint::Bold, &title))];
        for blocker in self.blockers.iter().take(room) {
            let owner = style.fit(&style.clean(&blocker.owner), 28);
            let message = style.fit(&style.clean(&blocker.told()), wide.saturating_sub(38));
            let code = style.paint(Paint::Yellow, &style.clean(&blocker.code));
            lines.push(format!("  {code}  {owner} {}", message.trim_end()));
        }
        if self.blockers.len() > room {
            lines.push(format!("  and {} more", self.blockers.len() - room));
        }
        lines
    }

    /// What is new since an earlier look, for where no table can be redrawn.
    pub fn since(&self, earlier: &View) -> Vec<String> {
        let escape = rollcall::telemetry::escape;
        let mut lines = Vec::new();
        for step in &self.steps {
            let before = earlier.steps.iter().find(|s| s.name == step.name);
            if before.is_none_or(|b| b.state != step.state || b.waits_for != step.waits_for) {
                let why = match (step.state.as_str(), step.waits_for.as_str()) {
                    (_, "") => String::new(),
                    ("Waiting" | "Unknown", why) => format!(", for {why}"),
                    (_, what) => format!(", {what}"),
                };
                lines.push(format!("  step {} ({}, {}): {}{why}", step.name, step.team, step.workload, step.state));
            }
        }
        for blocker in self.blockers.iter().filter(|b| !b.is_among(&earlier.blockers)) {
            lines.push(format!("  {} {}: {}", blocker.code, blocker.owner, blocker.told()));
        }
        for blocker in earlier.blockers.iter().filter(|b| !b.is_among(&self.blockers)) {
            lines.push(format!("  {} cleared: {}", blocker.code, blocker.told()));
        }
        lines.iter().map(|line| escape(line)).collect()
    }
}

impl Blocked {
    /// Whether the same thing is among others, whatever its message says by now.
    fn is_among(&self, others: &[Blocked]) -> bool {
        let about = |b: &Blocked| (b.code.clone(), b.step.clone(), b.owner.clone());
        others.iter().any(|other| about(other) == about(self))
    }

    /// The message, with the step it is about.
    fn told(&self) -> String {
        if self.step.is_empty() { self.message.clone() } else { format!("{}: {}", self.step, self.message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const STYLE: Style = Style { colour: false, unicode: false, width: 80, height: 24 };

    fn waiting() -> View {
        of(&json!({"status": {
            "steps": [{"name": "migrate", "state": "Waiting"}, {"name": "api", "state": "Waiting"}],
            "blockers": [
                {"code": "RC051", "owner": "data/data (#data)", "message": "team data/data has not signed\u{1b}[2J\n"},
                {"code": "RC051", "owner": "core/core (#core)", "message": "team core/core has not signed"},
                {"code": "RC071", "step": "api", "owner": "step migrate", "message": "waiting for step migrate"}]}}))
    }

    #[test]
    fn a_step_says_in_a_few_words_what_it_waits_for() {
        let view = waiting();
        assert_eq!(view.steps[0].waits_for, "sign-off of data, core");
        assert_eq!(view.steps[1].waits_for, "sign-off of data, core; step migrate");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_none_steers_it() {
        let table = waiting().table(STYLE);
        for line in table.iter().chain(&waiting().since(&View::default())) {
            assert!(!line.chars().any(char::is_control), "{line:?}");
        }
        for line in &table {
            assert!(line.is_ascii() && line.len() < STYLE.width, "{line:?}");
        }
        assert!(table.len() < STYLE.height);
    }

    #[test]
    fn nothing_new_is_nothing_to_say() {
        assert_eq!(waiting().since(&waiting()), Vec::<String>::new());
    }
}
