//! The network half of comparing: up to three questions, each safe to repeat; then photos and changes that one side
//! lost and the other still has, and the word of what was repaired.

use super::VaultAccess;
use super::pipe::{Ask, Pipe, Refused};
use crate::clock::Reading;
use crate::compare::Comparison;
use crate::vault::Vault;
use anyhow::Result;
use data_encoding::BASE64URL_NOPAD;
use kerbside_core::exchange::{Compared, Difference, HASH_LIMIT, Question};
use kerbside_core::ids::Sha256;
use kerbside_core::problem::{Code, Problem};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// Compares once, where both stand at the same number, and notes what is to be asked for anew.
pub(super) fn compare<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    now: &dyn Fn() -> Reading,
) -> Result<Comparison> {
    let Some(question) = access.with(|vault| vault.question())? else { return Ok(Comparison::default()) };
    let answer = ask(pipe, &question)?;
    give_back(access, pipe, &answer, now)?;
    if !answer.same_moment {
        return Ok(Comparison::default());
    }
    ask_for_photos(access, pipe, now)?;
    let Some(narrowed) = access.with(|vault| vault.narrowed(&question, &answer))? else {
        return access
            .with(|vault| vault.take_differences(&question, &Default::default(), &BTreeSet::new(), now()));
    };
    let listed = ask(pipe, &narrowed)?;
    if !listed.same_moment {
        return Ok(Comparison::default());
    }
    let differences = access.with(|vault| vault.differences(&narrowed.list, &listed))?;
    let has_extra = differences.values().any(|how| *how == Difference::Extra);
    let unknown = if has_extra {
        ask(pipe, &Vault::doubtful(&question, &differences))?.unknown
    } else {
        BTreeSet::new()
    };
    access.with(|vault| vault.take_differences(&question, &differences, &unknown, now()))
}

fn ask(pipe: &mut Pipe, question: &Question) -> Result<Compared, Refused> {
    let joined = |texts: Vec<String>| texts.join(",");
    let path = format!(
        "/v1/digest?version={}&cursor={}&list={}&known={}",
        question.version,
        BASE64URL_NOPAD.encode(&question.cursor),
        joined(question.list.iter().map(ToString::to_string).collect()),
        joined(question.known.iter().map(ToString::to_string).collect()),
    );
    json_answer(pipe, Method::GET, &path, None)
}

#[derive(Deserialize)]
struct Taken {
    taken: bool,
}

/// Own changes whose bytes went bad on the server.
fn give_back<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    answer: &Compared,
    now: &dyn Fn() -> Reading,
) -> Result<()> {
    let bodies = access.with(|vault| vault.bodies_of(&answer.missing))?;
    if bodies.is_empty() {
        return Ok(());
    }
    let changes: Vec<String> = bodies.iter().map(|body| BASE64URL_NOPAD.encode(body)).collect();
    let body = json!({ "changes": changes });
    let Taken { taken } = json_answer(pipe, Method::POST, "/v1/changes", Some(&body))?;
    if taken {
        access.with(|vault| vault.note_given_back(&answer.missing, now()))?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Missing {
    missing: Vec<Sha256>,
}

/// Photos that the server said it has and has no longer.
fn ask_for_photos<A: VaultAccess>(access: &mut A, pipe: &mut Pipe, now: &dyn Fn() -> Reading) -> Result<()> {
    let received: Vec<Sha256> = access.with(|vault| vault.photos_received())?.into_iter().collect();
    for hashes in received.chunks(HASH_LIMIT) {
        let body = json!({ "hashes": hashes });
        let Missing { missing } = json_answer(pipe, Method::POST, "/v1/photos/have", Some(&body))?;
        if !missing.is_empty() {
            access.with(|vault| vault.send_photos_again(&missing, now()))?;
        }
    }
    Ok(())
}

/// Fetches back photos whose files here were damaged. Returns those that are whole again.
pub(super) fn fetch_photos<A: VaultAccess>(
    access: &mut A,
    pipe: &mut Pipe,
    damaged: &[Sha256],
    now: &dyn Fn() -> Reading,
) -> Result<u32> {
    let mut fetched = 0;
    for photo in damaged {
        let Some(record) = access.with(|vault| vault.holder_of(*photo))? else { continue };
        let path = format!("/v1/photos/{record}/{photo}");
        let ask =
            Ask { method: Method::GET, path: &path, body: Vec::new(), headers: Vec::new(), signed: true };
        let bytes = pipe.send(&ask)?.body;
        access.with(|vault| vault.put_photo_back(*photo, &bytes, now()))?;
        fetched += 1;
    }
    Ok(fetched)
}

/// Tells the server what was put right here, so that the office can see it.
pub(super) fn tell_repairs<A: VaultAccess>(access: &mut A, pipe: &mut Pipe) -> Result<()> {
    let untold = access.with(|vault| vault.untold_repairs())?;
    if untold.is_empty() {
        return Ok(());
    }
    let repairs: Vec<Json> = untold
        .iter()
        .map(|repair| {
            json!({
                "number": repair.number,
                "at_ms": repair.at_ms,
                "kind": repair.kind.name(),
                "record": repair.record,
                "photo": repair.photo,
            })
        })
        .collect();
    let body = json!({ "repairs": repairs });
    json_answer::<Json>(pipe, Method::POST, "/v1/repairs", Some(&body))?;
    access.with(|vault| vault.repairs_are_told(&untold))
}

fn json_answer<T: DeserializeOwned>(
    pipe: &mut Pipe,
    method: Method,
    path: &str,
    body: Option<&Json>,
) -> Result<T, Refused> {
    let (body, headers) = match body {
        Some(json) => (json.to_string().into_bytes(), vec![("content-type", "application/json".to_owned())]),
        None => (Vec::new(), Vec::new()),
    };
    let answer = pipe.send(&Ask { method, path, body, headers, signed: true })?;
    serde_json::from_slice(&answer.body).map_err(|_| Refused {
        problem: Problem::new(Code::CaptivePortal, "The answer is not our server's"),
        retry_after_s: None,
    })
}
