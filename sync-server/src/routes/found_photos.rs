//! Photos by place, date, form and officer.

use axum::Json;
use axum::extract::{Query, State};
use kerbside_core::ids::OfficerId;
use kerbside_core::problem::{Code, Problem};
use serde::Deserialize;

use super::desk::SignedIn;
use super::{App, Failure};
use crate::store::{PhotoMark, PhotoPage, PhotoWish, PlaceWish};

const PAGE: u32 = 48;
/// How near "near" is where nobody says.
const NEAR_M: u32 = 100;

#[derive(Debug, Deserialize)]
pub struct Asked {
    area: Option<String>,
    /// West, south, east and north, as degrees with commas between.
    bbox: Option<String>,
    /// Latitude and longitude, with a comma between.
    near: Option<String>,
    within_m: Option<u32>,
    from: Option<i64>,
    to: Option<i64>,
    form: Option<String>,
    officer: Option<u32>,
    after: Option<String>,
    limit: Option<u32>,
}

pub async fn find(
    State(app): State<App>,
    signed_in: SignedIn,
    Query(asked): Query<Asked>,
) -> Result<Json<PhotoPage>, Failure> {
    let wish = asked.wish()?;
    Ok(Json(app.db.run(move |store| store.find_photos(&signed_in.officer, &wish)).await?))
}

impl Asked {
    fn wish(self) -> Result<PhotoWish, Problem> {
        let place = self.place()?;
        let wrong = || Problem::new(Code::Malformed, "no page ended there");
        let after = self.after.map(|text| PhotoMark::read(&text).ok_or_else(wrong)).transpose()?;
        Ok(PhotoWish {
            place,
            from_ms: self.from,
            to_ms: self.to,
            form: self.form.filter(|form| !form.is_empty()),
            officer: self.officer.map(OfficerId),
            after,
            limit: self.limit.unwrap_or(PAGE),
        })
    }

    fn place(&self) -> Result<Option<PlaceWish>, Problem> {
        let wrong = |what: &str| Problem::new(Code::Malformed, what.to_owned());
        Ok(match (&self.area, &self.bbox, &self.near) {
            (None, None, None) => None,
            (Some(area), None, None) => Some(PlaceWish::Area(area.clone())),
            (None, Some(corners), None) => match numbers(corners).as_deref() {
                Some([west, south, east, north]) => {
                    Some(PlaceWish::Box { west: *west, south: *south, east: *east, north: *north })
                }
                Some(_) | None => return Err(wrong("a box has four sides")),
            },
            (None, None, Some(point)) => match numbers(point).as_deref() {
                Some([lat, lon]) => {
                    let metres = self.within_m.unwrap_or(NEAR_M);
                    Some(PlaceWish::Near { lat: *lat, lon: *lon, metres })
                }
                Some(_) | None => return Err(wrong("a point has two coordinates")),
            },
            _ => return Err(wrong("either an area, a box or a point is looked for")),
        })
    }
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    text.split(',').map(|part| part.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(query: &str) -> Result<PhotoWish, Code> {
        let uri = format!("http://office/?{query}").parse().unwrap();
        let Query(asked) = Query::<Asked>::try_from_uri(&uri).unwrap();
        asked.wish().map_err(|problem| problem.code)
    }

    #[test]
    fn a_place_is_an_area_a_box_or_a_point_and_only_one_of_them() {
        let near = wish("near=52.6285,1.2920&within_m=50").unwrap().place;
        assert_eq!(near, Some(PlaceWish::Near { lat: 52.6285, lon: 1.2920, metres: 50 }));
        let framed = wish("bbox=1.2,52.6,1.3,52.7").unwrap().place;
        assert_eq!(framed, Some(PlaceWish::Box { west: 1.2, south: 52.6, east: 1.3, north: 52.7 }));
        for query in ["near=52.6", "near=a,b", "bbox=1,2,3", "area=north&near=1,2", "after=yesterday"] {
            assert_eq!(wish(query).unwrap_err(), Code::Malformed, "{query}");
        }
    }
}
