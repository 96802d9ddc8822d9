//! Blanking what a record holds, as folding what is left of its changes would.

use super::{Record, Register};
use crate::redact::{REDACTED, Redaction, Target, no_facts};
use crate::value::Value;

impl Record {
    /// Takes out what is meant. False where nothing was there, or nothing any more.
    pub fn redact(&mut self, redaction: &Redaction) -> bool {
        let mut is_touched = false;
        match &redaction.target {
            Target::Field(_) => {
                for (field, register) in &mut self.registers {
                    is_touched |= redaction.target.is_field(field) && register.redact(redaction);
                }
            }
            Target::Note(_) => {
                for ((_, dot, _), note) in &mut self.notes {
                    if redaction.covers(*dot, None) && (note.kind != REDACTED || !note.text.is_empty()) {
                        REDACTED.clone_into(&mut note.kind);
                        note.text.clear();
                        is_touched = true;
                    }
                }
            }
            Target::Photo(gone) => {
                for ((_, photo, _), (_, facts)) in &mut self.photos {
                    if photo == gone && facts.kind != REDACTED {
                        *facts = no_facts();
                        is_touched = true;
                    }
                }
            }
        }
        is_touched
    }
}

impl Register {
    fn redact(&mut self, redaction: &Redaction) -> bool {
        let mut values = self.values();
        let mut is_touched = false;
        for written in &mut values {
            if redaction.covers(written.stamp.dot, None) && written.value != Value::Redacted {
                written.value = Value::Redacted;
                is_touched = true;
            }
        }
        if is_touched {
            let mut blanked = Self::default();
            for written in values {
                let context = written.context();
                blanked.put(written.stamp, &context, written.value);
            }
            *self = blanked;
        }
        is_touched
    }
}
