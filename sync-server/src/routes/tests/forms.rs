//! Forms over the wire: who is let in, a form's whole life, and what is too large or no form at all.

use data_encoding::BASE64;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::town::{Desk, code, json_of, town};

const FORM: &str = include_str!("../../../../schemas/forms/tenancy_audit.json");
const COMMON: &str = include_str!("../../../../schemas/codes/common.json");
const HOUSING: &str = include_str!("../../../../schemas/codes/housing.json");

/// Every address of forms, with the least that it takes.
fn asked() -> Vec<(Method, &'static str, Value)> {
    let answers = json!({"answers": {}, "changed": null});
    let search = json!({"answers": {}, "field": "where", "sought": "", "limit": 5});
    vec![
        (Method::GET, "/api/v1/forms", Value::Null),
        (Method::GET, "/api/v1/forms/drafts", Value::Null),
        (Method::POST, "/api/v1/forms/drafts", json!({"files": [], "service": null, "ref_prefix": null})),
        (Method::GET, "/api/v1/forms/drafts/none", Value::Null),
        (Method::DELETE, "/api/v1/forms/drafts/none", Value::Null),
        (Method::POST, "/api/v1/forms/drafts/none/begin", Value::Null),
        (Method::POST, "/api/v1/forms/drafts/none/evaluate", answers.clone()),
        (Method::POST, "/api/v1/forms/drafts/none/choices", search.clone()),
        (Method::POST, "/api/v1/forms/drafts/none/publish", json!({"from_ms": null, "teams": []})),
        (Method::GET, "/api/v1/forms/drafts/none/workbook", Value::Null),
        (Method::GET, "/api/v1/forms/drafts/none/document", Value::Null),
        (Method::GET, "/api/v1/forms/drafts/none/schema", Value::Null),
        (Method::POST, "/api/v1/forms/fly_tip/1/withdraw", Value::Null),
        (Method::POST, "/api/v1/forms/fly_tip/1/offer", Value::Null),
        (Method::GET, "/api/v1/forms/fly_tip/1/workbook", Value::Null),
        (Method::GET, "/api/v1/forms/fly_tip/1/document", Value::Null),
        (Method::GET, "/api/v1/forms/fly_tip/1/schema", Value::Null),
        // Whoever works at a desk answers forms.
        (Method::POST, "/api/v1/forms/fly_tip/1/evaluate", answers),
        (Method::POST, "/api/v1/forms/fly_tip/1/choices", search),
    ]
}

/// How each is answered, in the order of `asked`: Y let in · - not found · ? not understood · N told that the role may not.
const TABLE: [(&str, &str); 9] = [
    ("ann", "NNNNNNNNNNNNNNNNNYY"),
    ("priya", "NNNNNNNNNNNNNNNNNYY"),
    ("sam", "NNNNNNNNNNNNNNNNNYY"),
    ("jo", "NNNNNNNNNNNNNNNNNYY"),
    ("vic", "NNNNNNNNNNNNNNNNNYY"),
    ("val", "NNNNNNNNNNNNNNNNNYY"),
    ("lee", "YY?---------YYYYYYY"),
    ("mo", "YY?---------YYYYYYY"),
    ("nobody", "0000000000000000000"),
];

#[tokio::test]
async fn only_designers_and_administrators_reach_forms() {
    let town = town().await;
    for (name, line) in TABLE {
        let desk = match name {
            "nobody" => Desk::of_nobody(&town),
            name => town.desk(&format!("{name}@example.gov.uk")).await,
        };
        assert_eq!(asked().len(), line.len());
        for ((method, path, body), mark) in asked().into_iter().zip(line.chars()) {
            let answer = if body.is_null() {
                desk.ask(method.clone(), path).send().await.unwrap()
            } else {
                desk.posts(path, body).await
            };
            let said = if answer.status().is_success() { "Y".to_owned() } else { code(answer).await };
            let expected = match mark {
                'Y' => "Y",
                'N' => "not_allowed",
                '-' => "not_found",
                '?' => "not_understood",
                _ => "sign_in_needed",
            };
            assert_eq!(said, expected, "{name} {method} {path}");
        }
    }
    town.running.stop().await.unwrap();
}

fn file(name: &str, content: &[u8]) -> Value {
    json!({"name": name, "content": BASE64.encode(content)})
}

fn sent(files: &[Value]) -> Value {
    json!({"files": files, "service": null, "ref_prefix": null})
}

#[tokio::test]
async fn a_form_is_brought_in_tried_published_withdrawn_and_taken_away() {
    let town = town().await;
    let mo = town.desk("mo@example.gov.uk").await;
    let files = [
        file("tenancy_audit.json", FORM.as_bytes()),
        file("common.json", COMMON.as_bytes()),
        file("housing.json", HOUSING.as_bytes()),
    ];
    let answer = mo.posts("/api/v1/forms/drafts", sent(&files)).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let draft = json_of(answer).await;
    assert_eq!(
        (&draft["key"], &draft["problems"], &draft["imported_by"]),
        (&json!("tenancy_audit"), &json!([]), &json!("Mo Prys"))
    );
    assert_eq!(draft["facts"]["special"], 2);
    let at = format!("/api/v1/forms/drafts/{}", draft["id"].as_str().unwrap());
    assert_eq!(mo.reads(&at).await["form"]["key"], "tenancy_audit");

    let begun = json_of(mo.posts(&format!("{at}/begin"), json!({})).await).await;
    assert_eq!(begun["evaluation"]["required"], json!(["access", "uprn"]));
    let given = json!({"answers": {"access": "given", "uprn": "x"}, "changed": "access"});
    let tried = json_of(mo.posts(&format!("{at}/evaluate"), given).await).await;
    assert!(tried["evaluation"]["visible"].as_array().unwrap().contains(&json!("home/smoke")));
    assert_eq!(tried["evaluation"]["faults"][0]["code"], "constraint");
    let row = "0123456789abcdef";
    let answers = json!({"access": "given", "who/household": [row]});
    let field = format!("who/household/relation@{row}");
    let search = json!({"answers": answers, "field": field, "sought": "chi", "limit": 3});
    let found = json_of(mo.posts(&format!("{at}/choices"), search).await).await;
    assert_eq!((&found["total"], &found["choices"][0]["name"]), (&json!(1), &json!("child")));

    let wanted = json!({"from_ms": null, "teams": ["housing-east"]});
    let published = json_of(mo.posts(&format!("{at}/publish"), wanted.clone()).await).await;
    let version = draft["version"].as_u64().unwrap();
    assert_eq!((&published["version"], &published["state"]), (&json!(version), &json!("published")));
    assert_eq!(code(mo.posts(&format!("{at}/publish"), wanted).await).await, "not_found");
    let lines = mo.reads("/api/v1/forms").await;
    assert_eq!((&lines[1]["key"], &lines[1]["teams"]), (&json!("tenancy_audit"), &json!(["housing-east"])));
    let of = format!("/api/v1/forms/tenancy_audit/{version}");
    assert_eq!(mo.reads(&format!("{of}/document")).await["settings"]["form_id"], "tenancy_audit");
    assert_eq!(
        mo.reads(&format!("{of}/schema")).await["$id"],
        format!("urn:kerbside:form:tenancy_audit:{version}")
    );
    let workbook = mo.ask(Method::GET, &format!("{of}/workbook")).send().await.unwrap();
    let named = workbook.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert_eq!(named, format!("attachment; filename=\"tenancy_audit-{version}.xlsx\""));
    let workbook = workbook.bytes().await.unwrap();
    let again =
        json_of(mo.posts("/api/v1/forms/drafts", sent(&[file("tenancy_audit.xlsx", &workbook)])).await).await;
    let stopping: Vec<_> =
        again["problems"].as_array().unwrap().iter().filter(|problem| problem["stops"] == true).collect();
    assert!(stopping.is_empty(), "{stopping:?}");
    let changed = &again["facts"]["changed"];
    assert_eq!(
        (&again["version"], &changed["added"], &changed["removed"]),
        (&json!(version + 1), &json!([]), &json!([]))
    );

    let withdrawn = json_of(mo.posts(&format!("{of}/withdraw"), json!({})).await).await;
    assert_eq!(withdrawn["state"], "withdrawn");
    let offered = json_of(mo.posts(&format!("{of}/offer"), json!({})).await).await;
    assert_eq!(offered["state"], "published");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn what_is_no_form_is_told_so_and_a_faulty_one_is_kept_with_its_problems() {
    let town = town().await;
    let mo = town.desk("mo@example.gov.uk").await;
    let told =
        |answer: Value| (answer["id"].as_str().unwrap().is_empty(), answer["problems"][0]["code"].clone());
    for (name, content) in
        [("a.json", &b"{"[..]), ("a.xlsx", &b"PK not a workbook"[..]), ("a.json", &b"[1]"[..])]
    {
        let answer = mo.posts("/api/v1/forms/drafts", sent(&[file(name, content)])).await;
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        let (is_dropped, problem) = told(json_of(answer).await);
        assert!(is_dropped && problem.is_string(), "{name}: {problem}");
    }
    assert_eq!(mo.reads("/api/v1/forms/drafts").await, json!([]));
    // Its lists were left at home.
    let answer = mo.posts("/api/v1/forms/drafts", sent(&[file("tenancy_audit.json", FORM.as_bytes())])).await;
    assert_eq!(told(json_of(answer).await), (false, json!("unknown_list")));
    let drafts = mo.reads("/api/v1/forms/drafts").await;
    let at = format!("/api/v1/forms/drafts/{}", drafts[0]["id"].as_str().unwrap());
    let refused = mo.posts(&format!("{at}/publish"), json!({"from_ms": null, "teams": []})).await;
    assert_eq!(code(refused).await, "form_stopped");
    assert_eq!(code(mo.posts(&format!("{at}/begin"), json!({})).await).await, "form_stopped");

    let two = sent(&[file("a.json", b"{}"), file("b.json", b"{}")]);
    assert_eq!(code(mo.posts("/api/v1/forms/drafts", two).await).await, "not_understood");
    let garbled = json!({"files": [{"name": "a.json", "content": "*"}], "service": null, "ref_prefix": null});
    assert_eq!(code(mo.posts("/api/v1/forms/drafts", garbled).await).await, "not_understood");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn a_large_form_is_taken_where_forms_are_brought_and_nowhere_else() {
    let town = town().await;
    let mo = town.desk("mo@example.gov.uk").await;
    let large = vec![b' '; 1024 * 1024];
    let answer = mo.posts("/api/v1/forms/drafts", sent(&[file("a.json", &large)])).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let answers = json!({"answers": {"where": "x".repeat(1024 * 1024)}});
    assert_eq!(code(mo.posts("/api/v1/forms/fly_tip/1/evaluate", answers).await).await, "too_large");
    let huge = vec![b' '; 10 * 1024 * 1024];
    let request = mo.ask(Method::POST, "/api/v1/forms/drafts").header("content-type", "application/json");
    // The server answers before the body has come, so the connection may break while it is still being sent.
    match request.body(sent(&[file("a.json", &huge)]).to_string()).send().await {
        Ok(answer) => assert_eq!(code(answer).await, "too_large"),
        Err(fault) => assert!(fault.is_request() || fault.is_body(), "{fault}"),
    }
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn the_console_and_the_devices_are_given_the_numbers_to_ring() {
    let town = town().await;
    let mo = town.desk("mo@example.gov.uk").await;
    assert_eq!(mo.reads("/api/v1/session").await["council"]["phones"]["needles"]["number"], "01632 960101");
    let mut store = town.store();
    let (ann, _) = store.officer_by_email("ann@example.gov.uk").unwrap().unwrap();
    let pack = (1..9).find_map(|version| store.pack("council", version, &ann).unwrap()).unwrap();
    let names: kerbside_device::CouncilNames = serde_json::from_slice(&pack).unwrap();
    assert_eq!(names.phones["needles"].number, "01632 960101");
    town.running.stop().await.unwrap();
}
