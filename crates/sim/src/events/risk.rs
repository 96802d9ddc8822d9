//! Now and then a process dies between two of its writes, and begins again with what it had committed.

use anyhow::Result;
#[cfg(kerbside_sim)]
use kerbside_core::planted;
use kerbside_core::problem::Problem;
use kerbside_device::Faults;
use kerbside_server::store::Faulty;

use crate::world::World;

impl World {
    /// What phone `at` does here may be the last that its process does. None where it died.
    pub fn phone_risks<T>(
        &mut self,
        at: usize,
        what: &str,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<T>> {
        let (dies, done) = self.risks(what, act)?;
        if dies {
            self.reopen(at);
        }
        Ok(done)
    }

    /// The same where it may also be told in words that it may not.
    pub fn phone_asks<T>(
        &mut self,
        at: usize,
        what: &str,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<T>> {
        let done = self.phone_risks(at, what, |world| act(world).map(Ok).or_else(in_words))?;
        Ok(self.unless_told(what, done))
    }

    pub fn server_risks<T>(
        &mut self,
        what: &str,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<T>> {
        let (dies, done) = self.risks(what, act)?;
        if dies {
            self.server.open_again();
        }
        Ok(done)
    }

    pub fn server_asked<T>(
        &mut self,
        what: &str,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Option<T>> {
        let done = self.server_risks(what, |world| act(world).map(Ok).or_else(in_words))?;
        Ok(self.unless_told(what, done))
    }

    fn risks<T>(
        &mut self,
        what: &str,
        act: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<(bool, Option<T>)> {
        let dies = self.plan_crash();
        let done = act(self);
        self.end_crash();
        match done {
            Ok(done) => Ok((dies, Some(done))),
            Err(cause) if dies => {
                self.note(&format!("died {what}: {cause}"));
                Ok((dies, None))
            }
            Err(cause) => Err(cause.context(what.to_owned())),
        }
    }

    fn unless_told<T>(&mut self, what: &str, done: Option<Result<T, String>>) -> Option<T> {
        match done? {
            Ok(done) => Some(done),
            Err(words) => {
                self.note(&format!("{what}: {words}"));
                None
            }
        }
    }

    /// Most die early; the rest anywhere in the largest transaction there is.
    pub fn plan_crash(&mut self) -> bool {
        let dies = cfg!(kerbside_sim) && !self.is_healed && self.rng.u8(0..12) == 0;
        #[cfg(kerbside_sim)]
        if dies {
            let most = [6, 60][self.rng.usize(..2)];
            planted::crash_after(Some(self.rng.u32(0..most)));
        }
        dies
    }

    pub fn end_crash(&mut self) {
        #[cfg(kerbside_sim)]
        planted::crash_after(None);
    }
}

/// A refusal that a person is told; anything else is a fault.
fn in_words<T>(cause: anyhow::Error) -> Result<Result<T, String>> {
    if let Some(problem) = cause.downcast_ref::<Problem>() {
        return Ok(Err(problem.code.name().to_owned()));
    }
    if cause.is::<Faults>() || cause.is::<Faulty>() {
        return Ok(Err(cause.to_string()));
    }
    Err(cause)
}
