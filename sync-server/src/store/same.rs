//! Cases that may be of the same thing: open ones of the same form near each other that nobody has found to be apart.
//! Sought when somebody looks, so that two officers who were offline at once are found as well as anyone.

use std::collections::BTreeMap;

use anyhow::Result;
use kerbside_core::field::{FieldKey, LIFECYCLE, REFERENCE, STATUS};
use kerbside_core::ids::{OfficerId, RecordId, Sha256};
use kerbside_core::nearby::{OVER, around, metres_between, radius_m};
use kerbside_core::record::Record;
use kerbside_core::record::view::{seen_text, text_of};
use kerbside_core::same::{duplicate_of, duplicates, is_apart, is_open, is_said};
use kerbside_core::value::Point;
use serde::Serialize;
use ts_rs::TS;

use super::cases::{Happening, TimelineLine};
use super::connection::Connection;
use super::covers;
use super::joining::may_join;
use super::packs::FormShelf;
use super::people::Officer;
use super::records::{self, Kept};
use super::trays::TrayLine;
use super::value::Sql;
use crate::auth::{Action, Target, authorise};
use crate::values;

/// As many as somebody compares one case with.
const MOST: usize = 8;
/// As many are read to find them: where more lie on one spot, somebody has to look there.
const MOST_READ: usize = 40;
/// As many photos as stand beside another case. The rest are where it is.
const MOST_PHOTOS: usize = 6;

/// What a case has to do with others of the same thing.
#[derive(Debug, Clone, Default, Serialize, TS)]
#[ts(export)]
pub struct Sameness {
    /// That it was closed as a duplicate.
    pub duplicate_of: Option<Joined>,
    /// Those that were closed as duplicates of it.
    pub duplicates: Vec<Joined>,
    /// Those it may be the same as: those of which somebody said so first, then the nearest.
    pub offers: Vec<SameOffer>,
    /// Those near it that somebody found to be of something else.
    pub apart: Vec<SameCase>,
    /// What the other cases of its timeline are called, of those its reader may see.
    #[ts(type = "Record<string, string>")]
    pub references: BTreeMap<RecordId, String>,
}

/// Who said that two cases are the same.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct Joined {
    pub officer: OfficerId,
    #[ts(type = "number")]
    pub at_ms: i64,
    /// The other, where its reader may see it.
    pub case: Option<SameCase>,
}

/// Another case that may be the same.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct SameOffer {
    pub case: SameCase,
    pub metres: u32,
    /// That whoever reported one of them said so.
    pub said: bool,
    /// Whether this reader may close the case at hand as a duplicate of it, or it as one of the case at hand.
    pub may_close_this: bool,
    pub may_close_other: bool,
}

/// What is said of another case beside the one at hand.
#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct SameCase {
    pub record: RecordId,
    pub reference: Option<String>,
    pub office_reference: String,
    pub summary: String,
    pub status: Option<String>,
    pub created_by: Option<OfficerId>,
    #[ts(type = "number")]
    pub captured_at_ms: i64,
    /// The first of those whose bytes have come.
    pub photos: Vec<SamePhoto>,
    pub photos_named: u32,
    /// What the reader has in front of them of it, to be sent back with what they say of it: opaque.
    pub seen: String,
    pub may_edit: bool,
}

#[derive(Debug, Clone, Serialize, TS)]
#[ts(export)]
pub struct SamePhoto {
    pub sha256: Sha256,
    /// Its own hash, or that of the copy that is shown instead.
    pub shown: Sha256,
}

/// Everything that the reader of a case is told of others.
pub(super) fn of_case(
    tx: &mut Connection,
    forms: &mut FormShelf,
    officer: &Officer,
    (id, kept): (RecordId, &Kept),
    timeline: &[TimelineLine],
) -> Result<Sameness> {
    let mut found = Sameness { references: references(tx, officer, timeline)?, ..Sameness::default() };
    if let Some((other, stamp)) = duplicate_of(&kept.state) {
        let case =
            readable(tx, officer, other)?.map(|kept| said(tx, forms, officer, other, &kept)).transpose()?;
        found.duplicate_of = Some(Joined { officer: stamp.officer, at_ms: stamp.at_ms, case });
    }
    for other in duplicates(&kept.state) {
        let Some(closed) = readable(tx, officer, other)? else { continue };
        if let Some((_, stamp)) = duplicate_of(&closed.state).filter(|(into, _)| *into == id) {
            let case = Some(said(tx, forms, officer, other, &closed)?);
            found.duplicates.push(Joined { officer: stamp.officer, at_ms: stamp.at_ms, case });
        }
    }
    let likely = likely(tx, forms, officer, (id, &kept.state))?;
    for (other, there) in likely.apart {
        found.apart.push(said(tx, forms, officer, other, &there)?);
    }
    for (other, metres, there) in likely.same {
        found.offers.push(SameOffer {
            case: said(tx, forms, officer, other, &there)?,
            metres,
            said: is_said((id, &kept.state), (other, &there.state)),
            may_close_this: may_join(tx, officer, (id, &kept.state), (other, &there.state))?,
            may_close_other: may_join(tx, officer, (other, &there.state), (id, &kept.state))?,
        });
    }
    found.offers.sort_by_key(|offer| !offer.said);
    Ok(found)
}

/// Says of each line whether it may be the same as another. Records are read only where something lies near.
pub(super) fn mark(
    tx: &mut Connection,
    forms: &mut FormShelf,
    officer: &Officer,
    lines: &mut [TrayLine],
) -> Result<()> {
    for line in lines {
        let is_over = line.status.as_deref().is_some_and(|status| OVER.contains(&status));
        let near = if line.withdrawn || is_over { vec![] } else { near(tx, forms, line.record)? };
        let kept = if near.is_empty() { None } else { records::load(tx, line.record)? };
        let same = match &kept {
            Some(kept) => same_of(tx, officer, (line.record, &kept.state), near, 1)?,
            None => Likely::default(),
        };
        line.maybe_same = Some(!same.same.is_empty());
    }
    Ok(())
}

/// What lies near a case, with how far away each is, and what of it was found to be something else.
#[derive(Default)]
struct Likely {
    same: Vec<(RecordId, u32, Kept)>,
    apart: Vec<(RecordId, Kept)>,
}

/// The cases that this one may be the same as, with how far away each is.
fn likely(
    tx: &mut Connection,
    forms: &mut FormShelf,
    officer: &Officer,
    (id, state): (RecordId, &Record),
) -> Result<Likely> {
    let near = if is_open(state) { near(tx, forms, id)? } else { vec![] };
    same_of(tx, officer, (id, state), near, MOST)
}

/// Of those near it the ones in this officer's scope that are open and that nobody has found to be apart from it.
fn same_of(
    tx: &mut Connection,
    officer: &Officer,
    (id, state): (RecordId, &Record),
    near: Vec<(u32, RecordId)>,
    most: usize,
) -> Result<Likely> {
    let mut found = Likely::default();
    if !is_open(state) {
        return Ok(found);
    }
    for (metres, other) in near.into_iter().take(MOST_READ) {
        if found.same.len() == most {
            break;
        }
        let Some(kept) = readable(tx, officer, other)? else { continue };
        if !is_open(&kept.state) {
            continue;
        }
        if is_apart((id, state), (other, &kept.state)) {
            found.apart.push((other, kept));
        } else {
            found.same.push((other, metres, kept));
        }
    }
    Ok(found)
}

/// Open cases of the same form within its radius, as the index has them, the nearest first.
fn near(tx: &mut Connection, forms: &mut FormShelf, id: RecordId) -> Result<Vec<(u32, RecordId)>> {
    let own = tx.find(
        "SELECT r.form, r.form_version, c.lat, c.lon FROM case_index c JOIN record r ON r.id = c.record \
         WHERE c.record = $1 AND c.lat IS NOT NULL AND c.lon IS NOT NULL",
        values![id],
    )?;
    let Some(own) = own else { return Ok(vec![]) };
    let (key, here) = (own.text(0)?, (i32::try_from(own.int(2)?)?, i32::try_from(own.int(3)?)?));
    let radius = forms.nearest(tx, &key, own.u32(1)?)?.map_or(0, |form| radius_m(&form));
    if radius == 0 {
        return Ok(vec![]);
    }
    let bounds = around(Point { lat_e7: here.0, lon_e7: here.1 }, radius);
    let corners = [bounds.lat.0, bounds.lat.1, bounds.lon.0, bounds.lon.1];
    let mut values: Vec<Sql> = corners.into_iter().map(|corner| Sql::from(i64::from(corner))).collect();
    values.extend([Sql::from(key), Sql::from(id)]);
    let over: Vec<String> = OVER
        .iter()
        .map(|status| {
            values.push(Sql::from(*status));
            format!("${}", values.len())
        })
        .collect();
    let sql = format!(
        "SELECT c.record, c.lat, c.lon FROM case_index c WHERE c.lat BETWEEN $1 AND $2 AND c.lon BETWEEN $3 AND $4 \
         AND c.form = $5 AND c.record <> $6 AND c.withdrawn = 0 AND c.status NOT IN ({})",
        over.join(", ")
    );
    let mut near = Vec::new();
    for row in tx.query(&sql, &values)? {
        let metres = metres_between(here, (i32::try_from(row.int(1)?)?, i32::try_from(row.int(2)?)?));
        if metres <= f64::from(radius) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "at most the radius"
            )]
            near.push((metres.round() as u32, RecordId(row.bytes(0)?)));
        }
    }
    near.sort_unstable();
    Ok(near)
}

/// A record, if this officer may read it.
fn readable(tx: &mut Connection, officer: &Officer, id: RecordId) -> Result<Option<Kept>> {
    let keys = records::keys_now(tx, id)?;
    if authorise(officer, Action::ReadRecord, Target::Record(&keys)).is_allowed() {
        return records::load(tx, id);
    }
    Ok(None)
}

fn said(
    tx: &mut Connection,
    forms: &mut FormShelf,
    officer: &Officer,
    id: RecordId,
    kept: &Kept,
) -> Result<SameCase> {
    let state = &kept.state;
    let keys = records::keys_now(tx, id)?;
    let form = forms.nearest(tx, state.form(), state.form_version())?;
    let text = |field| text_of(state.provisional(&FieldKey::new(field)));
    let whole = FieldKey::new(LIFECYCLE);
    Ok(SameCase {
        record: id,
        reference: text(REFERENCE),
        office_reference: kept.office_reference.clone(),
        summary: form.map(|form| records::summary(&form, state)).unwrap_or_default(),
        status: text(STATUS),
        created_by: state.created().map(|stamp| stamp.officer),
        captured_at_ms: state.created().map_or(0, |stamp| stamp.at_ms),
        photos: photos(tx, id, state)?,
        photos_named: u32::try_from(records::photos_of(state).len())?,
        seen: seen_text(id, &whole, &state.context(&whole)),
        may_edit: authorise(officer, Action::EditRecord, Target::Record(&keys)).is_allowed(),
    })
}

fn photos(tx: &mut Connection, id: RecordId, state: &Record) -> Result<Vec<SamePhoto>> {
    let received = records::received_photos(tx, id)?;
    // The newest drawing over each photo comes last.
    let covers: BTreeMap<Sha256, Option<Sha256>> =
        covers::of_record(tx, id)?.into_iter().map(|cover| (cover.sha256, cover.covered)).collect();
    let mut photos = Vec::new();
    for (_, sha256, _, facts) in state.photos() {
        let is_picture = facts.kind.is_empty() || facts.kind.starts_with("image/");
        if is_picture && received.contains(&sha256) && photos.len() < MOST_PHOTOS {
            let shown = covers.get(&sha256).copied().flatten().unwrap_or(sha256);
            photos.push(SamePhoto { sha256, shown });
        }
    }
    Ok(photos)
}

/// What the cases that a timeline names are called.
fn references(
    tx: &mut Connection,
    officer: &Officer,
    timeline: &[TimelineLine],
) -> Result<BTreeMap<RecordId, String>> {
    let mut references = BTreeMap::new();
    for line in timeline.iter().filter(|line| Happening::OF_OTHERS.contains(&line.kind)) {
        let other = line.to.as_ref().and_then(serde_json::Value::as_str).and_then(|id| id.parse().ok());
        if let Some(other) = other
            && let Some(kept) = readable(tx, officer, other)?
        {
            references.insert(other, kept.office_reference);
        }
    }
    Ok(references)
}
