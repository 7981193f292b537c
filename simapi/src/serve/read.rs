//! GET and LIST.

use serde_json::json;

use super::{Answer, Desk};
use crate::failure::Failure;
use crate::object::Key;
use crate::selector::Selector;

/// Where the next page of a list begins, and of which list it is.
struct Token {
    revision: u64,
    after: Key,
}

impl Token {
    fn write(&self) -> String {
        let text = format!("{}|{}|{}", self.revision, self.after.namespace, self.after.name);
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    fn read(text: &str) -> Option<Self> {
        let byte = |n: usize| u8::from_str_radix(text.get(n..n + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(byte).collect();
        let text = String::from_utf8(bytes?).ok()?;
        let mut parts = text.split('|');
        let revision = parts.next()?.parse().ok()?;
        Some(Self { revision, after: Key::new(parts.next()?, parts.next()?) })
    }
}

/// What of a list is asked for.
struct Page {
    revision: u64,
    after: Option<Key>,
    limit: usize,
}

impl Desk<'_> {
    pub(super) fn get(&self) -> Result<Answer, Failure> {
        let at = self.call.query.get("simapi.revision").parse().unwrap_or(self.state.store.revision());
        let found = self.state.store.get_at(self.index, &self.key(), at);
        let found = found.ok_or_else(|| Failure::not_found(&self.kind, &self.call.name))?;
        Ok(Answer::ok(found.whole()))
    }

    pub(super) fn list(&self) -> Result<Answer, Failure> {
        let selector = self.selector()?;
        let page = self.page()?;
        let all = self.state.store.list_at(self.index, &self.call.namespace, page.revision);
        let rest = all.filter(|(key, object)| {
            page.after.as_ref().is_none_or(|after| *key > after) && selector.matches(&object.value)
        });
        let (mut items, mut last, mut remaining) = (Vec::new(), None, 0);
        for (key, object) in rest {
            if items.len() < page.limit {
                items.push(match self.call.metadata_only {
                    true => object.metadata(),
                    false if self.kind.custom => object.whole(),
                    false => object.item(),
                });
                last = Some(key.clone());
            } else {
                remaining += 1;
            }
        }
        let mut meta = json!({"resourceVersion": page.revision.to_string()});
        if self.kind.custom && !self.call.metadata_only {
            meta["continue"] = "".into();
        }
        if let (true, Some(after)) = (remaining > 0, last) {
            meta["continue"] = Token { revision: page.revision, after }.write().into();
            if selector.is_everything() {
                meta["remainingItemCount"] = remaining.into();
            }
        }
        let (kind, version) = match self.call.metadata_only {
            true => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
            false => (&*self.kind.kind, self.kind.api_version()),
        };
        let items = match items.is_empty() && self.call.metadata_only {
            true => "null".to_owned(),
            false => format!("[{}]", items.join(",")),
        };
        Ok(Answer::ok(format!(
            "{{\"kind\":\"{kind}List\",\"apiVersion\":\"{version}\",\"metadata\":{meta},\"items\":{items}}}"
        )))
    }

    pub(super) fn selector(&self) -> Result<Selector, Failure> {
        let query = &self.call.query;
        Selector::read(&self.kind, query.get("labelSelector"), query.get("fieldSelector"))
    }

    fn page(&self) -> Result<Page, Failure> {
        let (query, current) = (&self.call.query, self.state.store.revision());
        let limit = query.get("limit").parse::<usize>().ok().filter(|n| *n > 0).unwrap_or(usize::MAX);
        let token = query.get("continue");
        if !token.is_empty() {
            let token = Token::read(token).ok_or_else(|| Failure::bad_request("continue key is not valid"))?;
            if token.revision < self.state.store.compacted() {
                return Err(Failure::expired(
                    "The provided continue parameter is too old to display a consistent list result. You can start \
                     a new list without the continue parameter.",
                ));
            }
            return Ok(Page { revision: token.revision, after: Some(token.after), limit });
        }
        let asked = self.version_asked()?;
        let exact = query.get("resourceVersionMatch") == "Exact";
        if exact && asked < self.state.store.compacted() {
            return Err(Failure::expired("The resourceVersion for the provided list is too old."));
        }
        let stale = query.get("simapi.revision").parse().ok();
        let revision = if exact { asked } else { stale.unwrap_or(current) };
        Ok(Page { revision, after: None, limit })
    }

    /// The resourceVersion that a list or a watch names; 0 if it names none.
    pub(super) fn version_asked(&self) -> Result<u64, Failure> {
        let (text, current) = (self.call.query.get("resourceVersion"), self.state.store.revision());
        if text.is_empty() {
            return Ok(0);
        }
        let bad = || {
            Failure::bad_request(format!(
                "resourceVersion: Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        };
        let asked = text.parse().map_err(|_| bad())?;
        if asked > current { Err(Failure::too_large_version(asked, current)) } else { Ok(asked) }
    }
}
