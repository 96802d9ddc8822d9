//! Records of AddressBase Premium and of DTF 7.3, which differ in where their columns stand and little else.

use super::columns::Named;
use super::{Piece, Property, Reason, Written, place, standing, uprn, usrn};
use crate::gazetteer::{Numbered, in_words, postcode};

pub(super) fn piece(number: &str, named: &Named<'_>) -> Result<Option<Piece>, Reason> {
    if named.text("CHANGE_TYPE") == "D" {
        return Ok(None);
    }
    match number {
        "15" => street(named).map(Some),
        "21" => property(named),
        "24" => written(named),
        "28" => Ok(Some(Piece::Postal {
            uprn: uprn(named)?,
            postcode: postcode(named.text("POSTCODE")).unwrap_or_default(),
            town: in_words(named.text("TOWN")),
        })),
        "31" => {
            Ok(Some(Piece::Organisation { uprn: uprn(named)?, name: in_words(named.text("ORGANISATION")) }))
        }
        // Other schemes than AddressBase's are for valuers.
        "32" if named.text("CLASS_SCHEME").is_empty()
            || named.text("CLASS_SCHEME").contains("AddressBase") =>
        {
            Ok(Some(Piece::Class { uprn: uprn(named)?, code: class(named.text("CLASS"))? }))
        }
        _ => Ok(None),
    }
}

fn street(named: &Named<'_>) -> Result<Piece, Reason> {
    let usrn = usrn(named.text("USRN")).ok_or("the USRN is no number of 1 to 8 digits")?;
    let town = in_words(named.text("TOWN"));
    let locality = in_words(named.text("LOCALITY"));
    Ok(Piece::Street {
        usrn,
        rank: in_english(named),
        street: in_words(named.text("STREET")),
        locality,
        town,
    })
}

fn property(named: &Named<'_>) -> Result<Option<Piece>, Reason> {
    let uprn = uprn(named)?;
    let Some(standing) = standing(named.text("STATUS"))? else { return Ok(None) };
    let (lat_e7, lon_e7) = place(named)?;
    Ok(Some(Piece::Property(Property {
        uprn,
        standing,
        lat_e7,
        lon_e7,
        postcode: a_postcode(named)?,
        class: class(named.text("CLASS"))?,
        organisation: in_words(named.text("ORGANISATION")),
    })))
}

fn written(named: &Named<'_>) -> Result<Option<Piece>, Reason> {
    let uprn = uprn(named)?;
    let Some(standing) = standing(named.text("STATUS"))? else { return Ok(None) };
    Ok(Some(Piece::Written(Written {
        uprn,
        rank: standing.number() * 2 + in_english(named),
        standing,
        unit: in_words(named.text("SAO_TEXT")),
        unit_number: numbered(
            named,
            ["SAO_START_NUMBER", "SAO_START_SUFFIX", "SAO_END_NUMBER", "SAO_END_SUFFIX"],
        ),
        name: in_words(named.text("PAO_TEXT")),
        number: numbered(named, ["PAO_START_NUMBER", "PAO_START_SUFFIX", "PAO_END_NUMBER", "PAO_END_SUFFIX"]),
        usrn: usrn(named.text("USRN")).ok_or("the USRN is no number of 1 to 8 digits")?,
        postcode: a_postcode(named)?,
        town: in_words(named.text("TOWN")),
    })))
}

fn numbered(named: &Named<'_>, columns: [&str; 4]) -> String {
    let [start, start_suffix, end, end_suffix] =
        columns.map(|column| named.text(column).chars().take(8).collect::<String>());
    Numbered { start, start_suffix, end, end_suffix }.text()
}

/// The English of what stands in two languages.
fn in_english(named: &Named<'_>) -> u8 {
    u8::from(!matches!(named.text("LANGUAGE"), "ENG" | "BIL" | ""))
}

/// An empty one is none; one that is no postcode is a slip somebody should know of.
pub(super) fn a_postcode(named: &Named<'_>) -> Result<String, Reason> {
    let text = named.text("POSTCODE");
    if text.is_empty() {
        return Ok(String::new());
    }
    postcode(text)
        .ok_or_else(|| format!("‘{}’ is no postcode", text.chars().take(12).collect::<String>()).into())
}

pub(super) fn class(text: &str) -> Result<String, Reason> {
    let is_class =
        text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if is_class { Ok(text.to_owned()) } else { Err("the class is none of BS 7666’s".into()) }
}
