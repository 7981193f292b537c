//! From text to components with properties. RFC 5545 sections 3.1 and 3.4 to 3.6, nothing of what they mean.

use super::super::fault::{CalendarFault, quoted};

/// Components inside of components; the format needs three.
const DEEPEST: usize = 8;

/// One component with its own properties and those inside of it.
#[derive(Debug, Default)]
pub(crate) struct Component {
    /// In capitals.
    pub name: String,
    /// The line of its BEGIN, from 1.
    pub line: usize,
    pub properties: Vec<Property>,
    pub inside: Vec<Component>,
}

/// `NAME;PARAM=value:value`, unfolded.
#[derive(Debug)]
pub(crate) struct Property {
    /// In capitals.
    pub name: String,
    /// Names in capitals; values without their quotes.
    pub parameters: Vec<(String, String)>,
    pub value: String,
    /// The line it starts on, from 1.
    pub line: usize,
}

impl Component {
    pub fn first(&self, name: &str) -> Option<&Property> {
        self.all(name).next()
    }

    pub fn all(&self, name: &str) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(move |property| property.name == name)
    }
}

impl Property {
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A fault about this property.
    pub fn fault(&self, message: impl std::fmt::Display) -> CalendarFault {
        CalendarFault::new(format!("line {}", self.line), format!("{}: {message}", self.name))
    }
}

/// The components of a text, VCALENDARs only at the top.
pub(crate) fn components(text: &str) -> Result<Vec<Component>, CalendarFault> {
    let mut finished = Vec::new();
    let mut open: Vec<Component> = Vec::new();
    for (line, content) in unfolded(text) {
        let Some(property) = property(&content, line) else {
            return Err(at(line, format!("{} is not NAME:VALUE: is this an iCalendar file?", quoted(&content))));
        };
        match property.name.as_str() {
            "BEGIN" => begin(&property, &mut open)?,
            "END" => {
                let done = end(&property, &mut open)?;
                open.last_mut().map_or(&mut finished, |parent| &mut parent.inside).push(done);
            }
            _ => match open.last_mut() {
                Some(component) => component.properties.push(property),
                None => return Err(outside(line, &property.name)),
            },
        }
    }
    if let Some(open) = open.last() {
        return Err(at(open.line, format!("{} is never closed: the file is cut off", quoted(&open.name))));
    }
    if finished.is_empty() {
        return Err(CalendarFault::new("", "there is no VCALENDAR: this is not an iCalendar file"));
    }
    Ok(finished)
}

fn begin(property: &Property, open: &mut Vec<Component>) -> Result<(), CalendarFault> {
    if open.len() >= DEEPEST {
        return Err(at(property.line, format!("components are nested deeper than {DEEPEST}")));
    }
    let name = property.value.trim().to_ascii_uppercase();
    if open.is_empty() && name != "VCALENDAR" {
        return Err(outside(property.line, &name));
    }
    open.push(Component { name, line: property.line, ..Component::default() });
    Ok(())
}

fn end(property: &Property, open: &mut Vec<Component>) -> Result<Component, CalendarFault> {
    let name = property.value.trim();
    let done = open.pop().filter(|open| open.name.eq_ignore_ascii_case(name));
    done.ok_or_else(|| at(property.line, format!("END:{} closes nothing that is open", quoted(name))))
}

fn at(line: usize, message: String) -> CalendarFault {
    CalendarFault::new(format!("line {line}"), message)
}

fn outside(line: usize, name: &str) -> CalendarFault {
    at(line, format!("{} stands outside of a VCALENDAR", quoted(name)))
}

/// Logical lines with the number of their first line. A line that begins with a space or a tab continues the last.
fn unfolded(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line)).enumerate().peekable();
    std::iter::from_fn(move || {
        let (index, first) = lines.find(|(_, line)| !line.trim().is_empty())?;
        let mut content = first.to_owned();
        while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with([' ', '\t'])) {
            content.push_str(&more[1..]);
        }
        Some((index + 1, content))
    })
}

fn property(content: &str, line: usize) -> Option<Property> {
    let is_name =
        |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let end = content.find([';', ':'])?;
    let name = Some(&content[..end]).filter(|name| is_name(name))?.to_ascii_uppercase();
    let mut rest = &content[end..];
    let mut parameters = Vec::new();
    while let Some(parameter) = rest.strip_prefix(';') {
        let (name, value) = parameter.split_once('=').filter(|(name, _)| is_name(name))?;
        let end = end_of_value(value)?;
        parameters.push((name.to_ascii_uppercase(), value[..end].replace('"', "")));
        rest = &value[end..];
    }
    let value = rest.strip_prefix(':')?.to_owned();
    Some(Property { name, parameters, value, line })
}

/// Where a parameter's value ends: at the next `;` or `:` outside of quotes.
fn end_of_value(value: &str) -> Option<usize> {
    let mut quoted = false;
    value.char_indices().find_map(|(index, letter)| {
        quoted ^= letter == '"';
        (!quoted && matches!(letter, ';' | ':')).then_some(index)
    })
}

/// Splits a TEXT value at its commas and takes the escapes out (RFC 5545 section 3.3.11).
pub(crate) fn texts(value: &str) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        let plain = match letter {
            ',' => {
                texts.push(String::new());
                continue;
            }
            '\\' => match letters.next() {
                Some('n' | 'N') => ' ',
                Some(escaped) => escaped,
                None => '\\',
            },
            plain => plain,
        };
        if let Some(text) = texts.last_mut() {
            text.push(plain);
        }
    }
    texts.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

#[cfg(test)]
#[path = "lines_tests.rs"]
mod tests;
