//! Every role at every address: who is let in, who is told no, and for whom a record does not exist.

use kerbside_core::ids::RecordId;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::sending::{push, report};
use super::town::{Desk, code, json_of, town};

/// Y let in · N told that the role may not · – not found, as if it were not there.
const TABLE: [(&str, &str); 9] = [
    //            trays search case note  team  devices code  redact purge
    ("ann", "Y Y Y Y N N N N N"),
    ("priya", "Y Y - - - N N N N"),
    ("sam", "Y Y Y Y Y N N N N"),
    ("jo", "Y Y Y Y Y N N N N"),
    ("vic", "Y Y Y N N N N N N"),
    ("val", "Y Y Y N N N N N N"),
    ("mo", "N N - - - N N N N"),
    ("nobody", "0 0 0 0 0 0 0 0 0"),
    // Who takes out what nobody else may, without reading it: last, for then it is gone.
    ("lee", "N N - - - Y Y Y Y"),
];

async fn ask(desk: &Desk<'_>, column: usize, record: RecordId) -> reqwest::Response {
    let case = format!("/api/v1/records/{record}");
    let post = |path: &str, body: serde_json::Value| {
        desk.ask(Method::POST, path).header("content-type", "application/json").body(body.to_string())
    };
    let request = match column {
        0 => desk.ask(Method::GET, "/api/v1/trays"),
        1 => desk.ask(Method::GET, "/api/v1/search?q=mile"),
        2 => desk.ask(Method::GET, &case),
        3 => post(&format!("{case}/notes"), json!({"text": "Seen"})),
        4 => {
            let seen = seen_of_team(desk, &case).await;
            let edit = json!({"field": "@team", "answer": "wardens-north", "seen": seen});
            post(&format!("{case}/changes"), json!({"edits": [edit]}))
        }
        5 => desk.ask(Method::GET, "/api/v1/devices"),
        6 => post("/api/v1/devices/codes", json!({"officer": 1})),
        7 => post(&format!("{case}/redact"), json!({"field": "where", "reason": "names a child"})),
        _ => post(&format!("{case}/purge"), json!({"reason": "kept long enough"})),
    };
    request.send().await.unwrap()
}

async fn seen_of_team(desk: &Desk<'_>, case: &str) -> String {
    let answer = desk.ask(Method::GET, case).send().await.unwrap();
    let case = json_of(answer).await;
    let fields = case["view"]["fields"].as_array().cloned().unwrap_or_default();
    let team = fields.iter().find(|field| field["path"] == "@team");
    team.and_then(|field| field["seen"].as_str()).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn every_role_is_let_in_exactly_where_the_table_says() {
    let town = town().await;
    let phone = town.handheld("ann@example.gov.uk").await;
    let (record, change) = report(&phone, b"photo");
    assert_eq!(phone.sends("/v1/sync", &push(&phone, &[change])).await.status(), StatusCode::OK);
    for (name, line) in TABLE {
        let desk = match name {
            "nobody" => Desk::of_nobody(&town),
            name => town.desk(&format!("{name}@example.gov.uk")).await,
        };
        for (column, expected) in line.split(' ').enumerate() {
            let answer = ask(&desk, column, record).await;
            let said = if answer.status().is_success() { "Y".to_owned() } else { code(answer).await };
            let expected = match expected {
                "Y" => "Y",
                "N" => "not_allowed",
                "-" => "not_found",
                _ => "sign_in_needed",
            };
            assert_eq!(said, expected, "{name} in column {column}");
        }
    }
    let priya = town.desk("priya@example.gov.uk").await;
    let found = priya.reads("/api/v1/search?q=mile").await;
    assert_eq!(found["records"], json!([]), "a search finds nothing of other teams");
    town.running.stop().await.unwrap();
}
