//! Texts that occur again and again, each kept once.

use std::collections::HashMap;
use std::sync::Arc;

/// All texts together take so much at most; a single id can be 200 KB.
const MAX_BYTES: usize = 64 << 20;

/// Numbers for texts, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: HashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl Names {
    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text's number, a new one if there are fewer than `most` and they are not too long.
    pub(super) fn number(&mut self, text: &str, most: usize) -> Option<u32> {
        if let Some(number) = self.find(text) {
            return Some(number);
        }
        let has_room = self.texts.len() < most && self.bytes + text.len() <= MAX_BYTES;
        let number = u32::try_from(self.texts.len()).ok().filter(|_| has_room)?;
        self.bytes += text.len();
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        Some(number)
    }

    pub(super) fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(|text| &**text)
    }
}
