//! Changes and photos over the wire, and the pokes that follow them.

use kerbside_core::change::{Change, ChangeBytes, Context, Edit, PhotoFacts};
use kerbside_core::exchange::{ClockReading, Head, PhotoReceipt, Push, Wants};
use kerbside_core::field::FieldKey;
use kerbside_core::ids::{Cid, RecordId, Sha256};
use kerbside_core::sign::{Label, Signed};
use kerbside_core::time::{Hlc, Moment, TimeSource};
use kerbside_core::value::Value;
use kerbside_core::{cbor, chain};
use reqwest::{Method, Response, StatusCode};
use serde_json::json;

use super::town::{Handheld, code, json_of, town};
use crate::clock::now_ms;

/// A push of these changes, the device's first.
pub(super) fn push(handheld: &Handheld<'_>, changes: &[Vec<u8>]) -> Vec<u8> {
    let enrolled = &handheld.enrolled;
    let head = Head {
        server: enrolled.server,
        council: enrolled.council.clone(),
        device: enrolled.device,
        actor: enrolled.actor,
        counter: changes.len() as u64,
        chain: chain::through(chain::START, changes.iter().map(|bytes| Sha256::of(bytes))),
    };
    cbor::encode(&Push {
        actor: enrolled.actor,
        first: 1,
        changes: changes.to_vec(),
        cursor: vec![],
        epoch: enrolled.epoch,
        acked: 0,
        wants: Wants::default(),
        clock: ClockReading { wall_ms: now_ms(), monotonic_ms: 0, boot: 1 },
        app: "0.1.0".into(),
        capabilities: vec![],
        lost: vec![],
        asks: None,
        proof: None,
        known: vec![],
        head: Signed::new(Label::Head, &head, &handheld.key),
        oldest_unsent_ms: None,
        unsent: None,
    })
}

pub(super) fn report(handheld: &Handheld<'_>, photo: &[u8]) -> (RecordId, Vec<u8>) {
    let now = u64::try_from(now_ms()).unwrap();
    let record = RecordId::new(now, [7; 10]);
    let facts = PhotoFacts { bytes: photo.len() as u64, kind: "image/jpeg".into(), ..PhotoFacts::default() };
    let edits = vec![
        Edit::Create,
        Edit::Put {
            field: FieldKey::new("where"),
            context: Context::default(),
            value: Value::text("Mile Cross Road"),
        },
        Edit::Attach { field: FieldKey::new("photos"), photo: Sha256::of(photo), facts },
    ];
    let change = Change {
        version: 1,
        cid: Cid([1; 8]),
        record,
        actor: handheld.enrolled.actor,
        counter: 1,
        officer: handheld.enrolled.officer,
        at: Moment {
            hlc: Hlc::at(now),
            wall_ms: now_ms(),
            monotonic_ms: 0,
            boot: 1,
            server_offset_ms: Some(0),
            source: TimeSource::Device,
        },
        form: "fly_tip".into(),
        form_version: 1,
        edits,
        was: None,
    };
    (record, ChangeBytes::write(&change).into_bytes())
}

fn offset(answer: &Response) -> u64 {
    answer.headers()["upload-offset"].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_open_screen_is_told_of_a_report_and_of_its_photo() {
    let town = town().await;
    let jo = town.desk("jo@example.gov.uk").await;
    let mut lines = jo.ask(Method::GET, "/v1/live").send().await.unwrap();
    assert_eq!(lines.headers()["content-type"], "text/event-stream");
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    let ann = town.handheld("ann@example.gov.uk").await;
    let (record, change) = report(&ann, b"photo");
    assert_eq!(ann.sends("/v1/sync", &push(&ann, &[change])).await.status(), StatusCode::OK);
    let poke = tokio::time::timeout(std::time::Duration::from_secs(5), lines.chunk()).await.unwrap();
    let poke = String::from_utf8(poke.unwrap().unwrap().to_vec()).unwrap();
    assert!(poke.contains("event: poke") && poke.contains(&record.to_string()), "{poke}");
    let case = jo.reads(&format!("/api/v1/records/{record}")).await;
    assert_eq!((&case["photos_received"], &case["photos_named"]), (&json!(0), &json!(1)));
    town.running.stop().await.unwrap();
    assert!(!matches!(lines.chunk().await, Ok(Some(_))), "a server that stops ends its lines");
}

#[tokio::test]
async fn a_photo_goes_on_where_it_was_cut_and_is_whole_only_when_its_hash_fits() {
    let town = town().await;
    let ann = town.handheld("ann@example.gov.uk").await;
    let photo: Vec<u8> = (0..700_000_u32).map(|number| (number % 251) as u8).collect();
    let (record, change) = report(&ann, &photo);
    assert_eq!(ann.sends("/v1/sync", &push(&ann, &[change])).await.status(), StatusCode::OK);
    let sha256 = Sha256::of(&photo);
    let ask = json!({"record": record, "sha256": sha256, "bytes": photo.len()}).to_string();
    let asked = json_of(ann.sends("/v1/photos", ask.as_bytes()).await).await;
    assert_eq!((&asked["state"], &asked["offset"]), (&json!("wanted"), &json!(0)));
    let path = asked["upload"].as_str().unwrap();
    let send = async |at: u64, bytes: Vec<u8>| {
        let request = town.ask(Method::PATCH, path).header("upload-offset", at.to_string());
        let request = request.header("tus-resumable", "1.0.0");
        request.header("content-type", "application/offset+octet-stream").body(bytes).send().await.unwrap()
    };

    // Other bytes of the same length, and then the announced end: the hash does not fit, and it begins anew.
    let mut wrong = photo.clone();
    wrong[5] ^= 1;
    assert_eq!(code(send(0, wrong).await).await, "photo_hash_wrong");
    let asked = json_of(ann.sends("/v1/photos", ask.as_bytes()).await).await;
    assert_eq!(asked["offset"], 0);
    let path = asked["upload"].as_str().unwrap().to_owned();
    let send = async |at: u64, bytes: Vec<u8>| {
        let request = town.ask(Method::PATCH, &path).header("upload-offset", at.to_string());
        let request = request.header("tus-resumable", "1.0.0");
        request.header("content-type", "application/offset+octet-stream").body(bytes).send().await.unwrap()
    };
    assert_eq!(offset(&send(0, photo[..300_000].to_vec()).await), 300_000);
    assert_eq!(code(send(0, photo[..300_000].to_vec()).await).await, "photo_not_whole");
    assert_eq!(code(send(300_000, photo.clone()).await).await, "too_large");
    let at = offset(&town.ask(Method::HEAD, &path).header("tus-resumable", "1.0.0").send().await.unwrap());
    let half = json!({"hashes": [sha256]}).to_string();
    let missing = json_of(ann.sends("/v1/photos/have", half.as_bytes()).await).await;
    assert_eq!(missing["missing"], json!([sha256]));
    let from = usize::try_from(at).unwrap();
    assert_eq!(offset(&send(at, photo[from..].to_vec()).await), photo.len() as u64);
    assert_eq!(
        offset(&town.ask(Method::HEAD, &path).header("tus-resumable", "1.0.0").send().await.unwrap()),
        photo.len() as u64
    );

    let done = json_of(ann.sends("/v1/photos", ask.as_bytes()).await).await;
    let signed = data_encoding::BASE64URL_NOPAD.decode(done["receipt"].as_str().unwrap().as_bytes()).unwrap();
    let signed: Signed = cbor::decode(&signed).unwrap();
    let receipt: PhotoReceipt = signed.open(Label::Photo, &ann.enrolled.server_key).unwrap();
    assert_eq!((receipt.sha256, receipt.record), (sha256, record));

    let path = format!("/v1/photos/{record}/{sha256}?size=original");
    let jo = town.desk("jo@example.gov.uk").await;
    let whole = jo.ask(Method::GET, &path).send().await.unwrap();
    assert!(whole.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(whole.bytes().await.unwrap(), photo);
    let part = jo.ask(Method::GET, &path).header("range", "bytes=10-19").send().await.unwrap();
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.bytes().await.unwrap(), photo[10..20].to_vec());
    let small = jo.ask(Method::GET, &path.replace("original", "thumb")).send().await.unwrap();
    assert_eq!(code(small).await, "photo_not_drawable", "kept, though it is no picture");
    let own = ann.ask(Method::GET, &path, b"", b"").send().await.unwrap();
    assert_eq!(own.status(), StatusCode::OK);
    let lee = town.desk("lee@example.gov.uk").await;
    assert_eq!(code(lee.ask(Method::GET, &path).send().await.unwrap()).await, "not_found");
    assert_eq!(town.store().verify().unwrap().integrity, "ok");
    town.running.stop().await.unwrap();
}

#[tokio::test]
async fn an_upload_answers_as_tus_has_it() {
    let town = town().await;
    let ann = town.handheld("ann@example.gov.uk").await;
    let (record, change) = report(&ann, b"a photo in two halves");
    assert_eq!(ann.sends("/v1/sync", &push(&ann, &[change])).await.status(), StatusCode::OK);
    let ask =
        json!({"record": record, "sha256": Sha256::of(b"a photo in two halves"), "bytes": 21}).to_string();
    let asked = json_of(ann.sends("/v1/photos", ask.as_bytes()).await).await;
    let path = asked["upload"].as_str().unwrap();
    let ask = async |method: Method, headers: &[(&str, &str)], body: &'static [u8]| {
        let request = town.ask(method, path).body(body);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.send().await.unwrap()
    };
    let header = |answer: &Response, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    };
    let (spoken, offset_0) = (("tus-resumable", "1.0.0"), ("upload-offset", "0"));
    let piece = ("content-type", "application/offset+octet-stream");

    let told = ask(Method::OPTIONS, &[], b"").await;
    assert_eq!(told.status(), StatusCode::NO_CONTENT);
    assert_eq!(header(&told, "tus-version"), "1.0.0");
    assert_eq!(header(&told, "tus-extension"), "expiration");
    assert_eq!(header(&told, "tus-max-size"), "67108864");
    for spoken in [&[("tus-resumable", "0.2.2")], [].as_slice()] {
        let refused = ask(Method::PATCH, &[spoken, &[offset_0, piece]].concat(), b"a photo").await;
        assert_eq!(refused.status(), StatusCode::PRECONDITION_FAILED);
        assert_eq!(header(&refused, "tus-version"), "1.0.0");
    }
    let other = ("content-type", "application/octet-stream");
    let refused = ask(Method::PATCH, &[spoken, offset_0, other], b"a photo").await;
    assert_eq!(refused.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let elsewhere = ask(Method::PATCH, &[spoken, piece, ("upload-offset", "3")], b"photo").await;
    assert_eq!(elsewhere.status(), StatusCode::CONFLICT);

    // Some networks let no PATCH through.
    let post = [spoken, piece, offset_0, ("x-http-method-override", "PATCH")];
    let begun = ask(Method::POST, &post, b"a photo").await;
    assert_eq!((begun.status(), offset(&begun)), (StatusCode::NO_CONTENT, 7));
    assert!(header(&begun, "upload-expires").ends_with(" GMT"));
    let known = ask(Method::HEAD, &[spoken], b"").await;
    assert_eq!((known.status(), offset(&known)), (StatusCode::OK, 7));
    assert_eq!(
        (header(&known, "upload-length"), header(&known, "cache-control")),
        ("21".into(), "no-store".into())
    );
    assert_eq!(header(&known, "tus-resumable"), "1.0.0");
    let rest = ask(Method::PATCH, &[spoken, piece, ("upload-offset", "7")], b" in two halves").await;
    assert_eq!((rest.status(), offset(&rest)), (StatusCode::NO_CONTENT, 21));
    assert_eq!(ask(Method::GET, &[spoken], b"").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    town.running.stop().await.unwrap();
}
