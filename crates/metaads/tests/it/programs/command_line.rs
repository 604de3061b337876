//! `metaads admin keys`, and the client of the API on the command line.

use std::process::Stdio;

use metaads_sandbox::{Answer, Persona};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use super::Program;
use crate::meta::inbound_webhooks::user_id;
use crate::world::World;

/// Runs the binary. Success, standard output, standard error.
async fn run(environment: &[(&str, &str)], arguments: &[&str]) -> (bool, String, String) {
    let folder = tempfile::TempDir::new().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
    command.current_dir(folder.path()).env_clear().args(arguments).envs(environment.iter().copied());
    let output = command.output().await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

async fn client(program: &Program, arguments: &[&str]) -> (bool, String, String) {
    run(&[("METAADS_URL", &program.base), ("METAADS_API_KEY", &program.key)], arguments).await
}

fn settings(world: &World) -> Vec<(&str, &str)> {
    world.environment().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn keys_are_made_listed_replaced_and_ended() {
    let world = World::new().await;
    let (_, id) = world.connected().await;
    // The command line has no other clock.
    world.advance_to_real_time();
    let settings = settings(&world);
    let admin = async |arguments: &[&str]| run(&settings, &[&["admin", "keys"], arguments].concat()).await;
    let (is_ok, key, advice) = admin(&[
        "create",
        "--user",
        "a@b.example",
        "--name",
        "Reports",
        "--scopes",
        "connections:read,tokens:read",
        "--connection",
        &id,
        "--ad-account",
        "act_123",
        "--network",
        "127.0.0.0/8",
        "--return-origin",
        "https://app.example.com",
        "--expires",
        "30d",
    ])
    .await;
    assert!(is_ok, "{advice}");
    assert!(
        key.starts_with("mak_") && key.trim().lines().count() == 1,
        "the key is alone on standard output"
    );
    let program = Program::new(&world, "a@b.example", &[]).await.with_key(key.trim());
    assert_eq!(
        program.get(&format!("/api/v1/connections/{id}")).await.status,
        404,
        "the ad account is not in it"
    );
    let (_, list, _) = admin(&["list", "--json"]).await;
    let list: Value = serde_json::from_str(&list).unwrap();
    let made = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|key| key["limits"]["ad_accounts"] == json!(["123"]))
        .unwrap();
    assert_eq!((&made["user"], &made["name"]), (&json!("a@b.example"), &json!("Reports")));
    let made = made["id"].as_str().unwrap();
    let (_, replaced, _) = admin(&["rotate", made, "--overlap", "0m"]).await;
    world.advance_to_real_time();
    assert_eq!(program.get("/api/v1/connections").await.status, 401);
    assert_eq!(program.with_key(replaced.trim()).get("/api/v1/connections").await.status, 200);
    assert!(admin(&["end", made]).await.0);
    assert_eq!(program.with_key(replaced.trim()).get("/api/v1/connections").await.status, 401);
    let (is_ok, _, error) = admin(&["end", made]).await;
    assert!(!is_ok && error.contains("has ended already"), "{error}");
    for (arguments, reason) in [
        (["create", "--user", "x@b.example", "--name", "x"].as_slice(), "there is no user"),
        (&["create", "--user", "a@b.example", "--name", "x", "--scopes", "all"], "is not a scope"),
        (&["create", "--user", "a@b.example", "--name", "x", "--connection", "1"], "There is no connection"),
        (&["create", "--user", "a@b.example", "--name", "x", "--network", "here"], "is not a network"),
        (&["create", "--user", "a@b.example", "--name", "x", "--expires", "soon"], "a duration"),
        (&["end", "1"], "there is no key"),
    ] {
        let (is_ok, out, error) = admin(arguments).await;
        assert!(!is_ok && out.is_empty() && error.contains(reason), "{arguments:?}: {error}");
    }
}

#[tokio::test]
async fn the_client_shows_connections_accounts_a_token_and_meta() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let scopes = ["connections:read", "tokens:read", "graph:read", "graph:write"];
    let program = Program::new(&world, "a@b.example", &scopes).await;
    let (is_ok, table, error) = client(&program, &["connections"]).await;
    assert!(is_ok, "{error}");
    assert!(table.starts_with("ID") && table.contains(&id) && table.contains("Tom Okafor"), "{table}");
    let (_, line, _) = client(&program, &["connections", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["id"], json!(id));
    let (_, accounts, _) = client(&program, &["accounts", "--search", "8256"]).await;
    assert!(accounts.contains("825642424077674"), "{accounts}");
    let (_, token, _) = client(&program, &["token"]).await;
    assert!(token.starts_with("EAA"), "the token is alone on standard output");
    let (is_ok, me, error) = client(&program, &["graph", "GET", "me", "-f", "fields=id"]).await;
    assert!(is_ok, "{error}");
    assert_eq!(serde_json::from_str::<Value>(&me).unwrap()["id"], json!(user_id(&browser).await));
    let (_, lines, _) = client(&program, &["export"]).await;
    let exported: Value = serde_json::from_str(lines.trim()).unwrap();
    assert_eq!(exported["ad_account_list"][0]["account_id"], "825642424077674");
    assert!(!lines.contains("EAA"));
    let (is_ok, _, error) = client(&program, &["graph", "GET", "oauth/access_token"]).await;
    assert!(!is_ok && error.contains("HTTP 403"), "{error}");
}

#[tokio::test]
async fn events_are_followed_as_they_happen() {
    let world = World::new().await;
    let (browser, id) = world.connected().await;
    let program = Program::new(&world, "a@b.example", &["connections:read"]).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_metaads"));
    command.args(["events", "tail", "--json"]).env_clear().stdout(Stdio::piped()).kill_on_drop(true);
    command.env("METAADS_URL", &program.base).env("METAADS_API_KEY", &program.key);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next =
        async || -> Value { serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap() };
    assert_eq!(next().await["type"], "connection.created");
    browser.submit(&format!("/connections/{id}/disconnect"), &[("how", "forget")]).await;
    world.run_due_jobs().await;
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|kind| kind != "connection.disconnected") {
        kinds.push(next().await["type"].as_str().unwrap().to_owned());
    }
    assert!(!kinds.contains(&"connection.created".to_owned()), "no event is printed twice: {kinds:?}");
}

#[tokio::test]
async fn every_failure_of_the_client_is_a_sentence() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    browser.connect(Answer::agree(Persona::SecondSoleTrader)).await;
    let program = Program::new(&world, "a@b.example", &["connections:read"]).await;
    for (environment, arguments, reason) in [
        (vec![], vec!["connections"], "METAADS_API_KEY is not set"),
        (
            vec![("METAADS_URL", "http://127.0.0.1:9"), ("METAADS_API_KEY", "mak_x")],
            vec!["connections"],
            "could not be reached",
        ),
        (
            vec![("METAADS_URL", &*program.base), ("METAADS_API_KEY", "mak_x")],
            vec!["connections"],
            "is not accepted",
        ),
        (
            vec![("METAADS_URL", &*program.base), ("METAADS_API_KEY", &*program.key)],
            vec!["token"],
            "name one with --connection",
        ),
    ] {
        let (is_ok, out, error) = run(&environment, &arguments).await;
        assert!(!is_ok && out.is_empty() && error.contains(reason), "{error}");
        assert!(error.starts_with("metaads: "), "{error}");
    }
    let (is_ok, script, _) = run(&[], &["completions", "bash"]).await;
    assert!(is_ok && script.contains("_metaads"));
    let (is_ok, document, _) = run(&[], &["openapi"]).await;
    assert!(is_ok);
    assert_eq!(
        serde_json::from_str::<Value>(&document).unwrap()["openapi"].as_str().unwrap().split('.').next(),
        Some("3")
    );
}
