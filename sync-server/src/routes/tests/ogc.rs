//! OGC API Features over a real socket: who is let in, and how the pages and their refusals look.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::town::{Town, code, json_of, town};

const GRID: &str = "http://www.opengis.net/def/crs/EPSG/0/27700";

fn key(town: &Town, email: &str) -> (String, String) {
    let mut store = town.store();
    let (officer, _) = store.officer_by_email(email).unwrap().unwrap();
    let (key, line) = store.make_key(officer.id, "GIS", 1).unwrap();
    (key, line.id)
}

#[tokio::test]
async fn a_key_or_a_session_opens_it_by_the_role_behind_it() {
    let town = town().await;
    let (key, id) = key(&town, "vic@example.gov.uk");
    let with =
        |given: String| town.ask(Method::GET, "/ogc/collections").header("authorization", given).send();
    assert_eq!(with(format!("Bearer {key}")).await.unwrap().status(), StatusCode::OK);
    for given in [format!("Bearer {key}x"), format!("Basic {key}"), "Bearer".into()] {
        assert_eq!(code(with(given).await.unwrap()).await, "sign_in_needed");
    }
    town.store().revoke_key(&id, 2).unwrap();
    assert_eq!(code(with(format!("Bearer {key}")).await.unwrap()).await, "sign_in_needed");
    assert_eq!(town.desk("jo@example.gov.uk").await.reads("/ogc").await["title"], "Kerbside");
    for refused in ["ann@example.gov.uk", "lee@example.gov.uk", "mo@example.gov.uk"] {
        let desk = town.desk(refused).await;
        for path in ["/ogc/collections/cases/items", "/api/v1/cases/geojson", "/api/v1/cases/gpkg"] {
            assert_eq!(
                code(desk.ask(Method::GET, path).send().await.unwrap()).await,
                "not_allowed",
                "{path}"
            );
        }
    }
    let nobody = town.ask(Method::GET, "/ogc/collections").send().await.unwrap();
    assert_eq!(code(nobody).await, "sign_in_needed");
    let described = json_of(town.ask(Method::GET, "/ogc/api").send().await.unwrap()).await;
    assert_eq!(described["openapi"], "3.0.3");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn pages_lead_on_to_each_other_and_say_in_which_system_their_places_are() {
    let town = town().await;
    let jo = town.desk("jo@example.gov.uk").await;
    let landing = jo.reads("/ogc").await;
    for link in landing["links"].as_array().unwrap() {
        let path = link["href"].as_str().unwrap().strip_prefix(&town.url("")).unwrap();
        assert_eq!(jo.ask(Method::GET, path).send().await.unwrap().status(), StatusCode::OK, "{path}");
    }
    let conforms = jo.reads("/ogc/conformance").await["conformsTo"].to_string();
    assert!(conforms.contains("features-1/1.0/conf/core") && conforms.contains("features-2/1.0/conf/crs"));
    let path = format!("/ogc/collections/cases/items?limit=5&crs={GRID}");
    let answer = jo.ask(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/geo+json");
    assert_eq!(answer.headers()["content-crs"], format!("<{GRID}>"));
    let page = json_of(answer).await;
    assert_eq!((&page["numberMatched"], &page["numberReturned"]), (&json!(0), &json!(0)));
    for (path, expected) in [
        ("/ogc/collections/cases/items?colour=red", "malformed"),
        ("/ogc/collections/cases/items?limit=0", "malformed"),
        ("/ogc/collections/streets/items", "not_found"),
        ("/ogc/collections/streets", "not_found"),
        ("/ogc/collections/cases/items/nobody", "not_found"),
        ("/ogc/collections/cases/items/00000000-0000-7000-8000-000000000000", "not_found"),
    ] {
        assert_eq!(code(jo.ask(Method::GET, path).send().await.unwrap()).await, expected, "{path}");
    }
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_file_of_cases_is_taken_away_and_leaves_nothing_behind() {
    let town = town().await;
    let jo = town.desk("jo@example.gov.uk").await;
    let taken = jo.ask(Method::GET, "/api/v1/cases/gpkg?crs=27700").send().await.unwrap();
    assert_eq!(taken.headers()["content-disposition"], "attachment; filename=\"cases.gpkg\"");
    assert_eq!(&taken.bytes().await.unwrap()[..15], b"SQLite format 3");
    let taken = jo.reads("/api/v1/cases/geojson?form=fly_tip").await;
    assert_eq!(taken, json!({"type": "FeatureCollection", "features": []}));
    assert_eq!(code(jo.ask(Method::GET, "/api/v1/cases/shp").send().await.unwrap()).await, "not_found");
    town.running.stop().await.unwrap();
    let left = std::fs::read_dir(town.home.data.join("leaving")).unwrap().count();
    assert_eq!(left, 0);
}
