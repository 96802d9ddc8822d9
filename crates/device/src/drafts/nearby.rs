//! Before a report is sent: what is known already of the same kind and nearby, offline; and what its officer makes of that.
//! Whatever they choose, their report is sent whole, and says which others it is of the same thing as, or is not.

use crate::clock::Reading;
use crate::save::{Act, Saved, answers_of};
use crate::store::{RecordRow, Spot};
use crate::vault::Vault;
use anyhow::Result;
use kerbside_core::areas::route::first_place;
use kerbside_core::change::{Edit, Member};
use kerbside_core::field::{APART, FieldKey, SAME_AS};
use kerbside_core::ids::{RecordId, RowId, Sha256};
use kerbside_core::nearby::{around, is_over, metres_between, radius_m};
use kerbside_core::problem::{Code, Problem};
use kerbside_core::record::Record;
use kerbside_core::value::Point;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// As many as somebody compares with what lies in front of them.
const MOST: usize = 8;
/// How many records are looked at before anything else may use the vault.
const AT_ONCE: u32 = 200;

/// Open reports of the same form around a draft's place.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct Nearby {
    pub radius_m: u32,
    /// The nearest first.
    pub reports: Vec<NearbyReport>,
    /// How many photos the draft would bring.
    pub photos: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, TS)]
#[ts(export)]
pub struct NearbyReport {
    pub record: RecordId,
    pub reference: Option<String>,
    pub summary: String,
    pub metres: u32,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// A photo of it that is on this device.
    pub photo: Option<Sha256>,
}

/// What an officer makes of the reports nearby.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, TS)]
#[serde(deny_unknown_fields)]
#[ts(export)]
pub struct Compared {
    /// Those of the same thing.
    pub same: Vec<RecordId>,
    /// Those of something else.
    pub apart: Vec<RecordId>,
}

impl Vault {
    pub fn nearby(&mut self, draft: RowId) -> Result<Nearby> {
        let contents = self.contents(draft)?;
        let radius = radius_m(&contents.form);
        let photos = u32::try_from(contents.photos.len())?;
        let is_new = contents.row.record.is_none() && 0 < radius;
        let reports = match first_place(&contents.answers).filter(|_| is_new) {
            Some(place) => {
                let here = Point { lat_e7: place.lat_e7, lon_e7: place.lon_e7 };
                self.reports_around(Some(contents.form.key()), here, radius)?
            }
            None => Vec::new(),
        };
        Ok(Nearby { radius_m: radius, reports, photos })
    }

    /// Open reports of a form, or of any, the nearest first.
    pub(crate) fn reports_around(
        &mut self,
        form: Option<&str>,
        here: Point,
        radius_m: u32,
    ) -> Result<Vec<NearbyReport>> {
        self.work_out_every_spot()?;
        let mut reports = Vec::new();
        for (record, metres) in self.spots_around(form, here, radius_m)? {
            if reports.len() < MOST {
                reports.extend(self.report_nearby(record, metres)?);
            }
        }
        Ok(reports)
    }

    /// Sends the draft as a report of its own, which says what its officer made of those nearby.
    pub fn save_compared(&mut self, draft: RowId, compared: &Compared, now: Reading) -> Result<Saved> {
        if MOST < compared.same.len() + compared.apart.len() {
            return Err(
                Problem::new(Code::NotUnderstood, format!("more than the {MOST} reports offered")).into()
            );
        }
        let contents = self.contents(draft)?;
        let (record, mut edits) = self.edits_of(&contents, now)?;
        for (field, others) in [(SAME_AS, &compared.same), (APART, &compared.apart)] {
            if !others.is_empty() {
                let members = others.iter().map(|other| Member::Text(other.to_string())).collect();
                edits.push(Edit::SetAdd { field: FieldKey::new(field), members });
            }
        }
        let (form, form_version) = (contents.row.form.clone(), contents.row.form_version);
        self.commit(Act { record, form, form_version, edits, draft: Some(draft) }, now)
    }

    /// Works out where some of the records are that were not looked at since they changed, those after this one in the vault; the
    /// last of them, where there were any. Done in between, it leaves nothing to wait for when an officer saves.
    pub fn work_out_spots(&mut self, after: i64) -> Result<Option<i64>> {
        if after == 0 && !self.store.lacks_spots()? {
            return Ok(None);
        }
        let mut spots = Vec::new();
        let last = self.store.each_without_spot(after, AT_ONCE, |row| {
            let place = self.head_of(&row).ok().and_then(|head| place_of(&head));
            spots.push(Spot { record: row.id, form: row.form, place });
            Ok(())
        })?;
        if !spots.is_empty() {
            self.store.transact(|store| spots.iter().try_for_each(|spot| store.put_spot(spot)))?;
        }
        Ok(last)
    }

    fn work_out_every_spot(&mut self) -> Result<()> {
        let mut after = 0;
        while let Some(last) = self.work_out_spots(after)? {
            after = last;
        }
        Ok(())
    }

    /// Records of a form, or of any, no further from a place than this, with their distances, the nearest first.
    fn spots_around(&self, form: Option<&str>, here: Point, radius_m: u32) -> Result<Vec<(RecordId, u32)>> {
        let within = |(record, there)| {
            let metres = metres_between((here.lat_e7, here.lon_e7), there);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the radius")]
            (metres <= f64::from(radius_m)).then(|| (record, metres.round() as u32))
        };
        let spots = self.store.spots_in(form, around(here, radius_m))?;
        let mut found: Vec<_> = spots.into_iter().filter_map(within).collect();
        found.sort_by_key(|(record, metres)| (*metres, *record));
        Ok(found)
    }

    fn report_nearby(&self, record: RecordId, metres: u32) -> Result<Option<NearbyReport>> {
        let Some(row) = self.store.record(record)? else { return Ok(None) };
        if row.withdrawn || row.leaving || is_over(row.status.as_deref()) {
            return Ok(None);
        }
        let head = self.head_of(&row)?;
        let mut photo = None;
        for (_, sha256, ..) in head.photos() {
            if photo.is_none() && self.store.photo(sha256)?.is_some() {
                photo = Some(sha256);
            }
        }
        let RecordRow { reference, office_reference, summary, created_ms, .. } = row;
        let reference = office_reference.or(reference);
        Ok(Some(NearbyReport { record, reference, summary, metres, at_ms: created_ms, photo }))
    }
}

fn place_of(head: &Record) -> Option<(i32, i32)> {
    first_place(&answers_of(head)).map(|place| (place.lat_e7, place.lon_e7))
}

#[cfg(test)]
mod tests;
