//! Exchanging and refreshing each kind of token.

use std::time::Duration;

use metaads_sandbox::{Answer, Effect, Endpoint, Fault, Persona, TokenKind};

use crate::world::{Answered, World, days, refusal, send, token_of, world};

const START: i64 = 1_795_348_800;
const AYLIN: &str = "10226498135524402";

impl World {
    async fn exchange_for_sixty_days(&self, token: &str) -> Answered {
        let form = [
            ("grant_type", "fb_exchange_token"),
            ("set_token_expires_in_60_days", "true"),
            ("fb_exchange_token", token),
        ];
        self.redeem(&form).await
    }
}

fn unchanged(endpoint: Endpoint) -> Fault {
    Fault::new(endpoint, 1, Effect::Unchanged)
}

#[tokio::test]
async fn a_system_user_token_is_exchanged_for_another_sixty_days() {
    let world = world().await;
    let old = world.control.issue(AYLIN, TokenKind::SystemUser, &["ads_read"], Some(days(60)));
    let inspected = world.inspect(&old).await;
    assert_eq!(
        (inspected["type"].as_str(), inspected["is_valid"].as_bool()),
        (Some("SYSTEM_USER"), Some(true))
    );
    assert_eq!(
        (&inspected["data_access_expires_at"], &inspected["expires_at"]),
        (&0.into(), &(START + 5_184_000).into())
    );

    world.control.advance(days(50));
    // Applies to user tokens only.
    world.control.set_token_lifetime(Some(days(1)));
    let answered = world.exchange_for_sixty_days(&old).await;
    assert_eq!((answered.0.as_u16(), answered.1["expires_in"].as_i64()), (200, Some(5_184_000)));
    let new = token_of(&answered);
    assert!(new != old && new.starts_with("EAA"));
    let inspected = world.inspect(&new).await;
    assert_eq!(inspected["type"], "SYSTEM_USER");
    assert_eq!(inspected["expires_at"], START + 110 * 86_400);
    assert_eq!(world.get(&old, "me", &[]).await.0, 200, "the old token stays valid");
    world.control.set_omit_expires_in(true);
    assert!(world.exchange_for_sixty_days(&new).await.1.get("expires_in").is_none());

    world.control.advance(days(10));
    assert_eq!(
        refusal(&world.exchange_for_sixty_days(&old).await),
        (400, 190, Some(463)),
        "expires at its own time"
    );
    assert_eq!(world.get(&new, "me", &[]).await.0, 200);
    assert_eq!(world.control.exchange_count(AYLIN), 2);
}

#[tokio::test]
async fn a_never_expiring_system_user_token_stays_so_when_exchanged() {
    let world = world().await;
    let old = world.control.issue(AYLIN, TokenKind::SystemUser, &["ads_read"], None);
    assert_eq!(world.inspect(&old).await["expires_at"], 0);
    let answered = world.exchange(&old).await;
    assert!(answered.1.get("expires_in").is_none());
    let new = token_of(&answered);
    assert_ne!(new, old);
    assert_eq!(world.inspect(&new).await["expires_at"], 0);
    let ending = token_of(&world.exchange_for_sixty_days(&new).await);
    world.control.advance(days(20));
    let same_end = world.exchange(&ending).await;
    assert_eq!(
        same_end.1["expires_in"],
        40 * 86_400,
        "keeps its expiry without set_token_expires_in_60_days"
    );
}

#[tokio::test]
async fn exchanges_are_counted_per_person() {
    let world = world().await;
    let short = world.login(Answer::agree(Persona::Agency)).await;
    assert_eq!(world.control.exchange_count(AYLIN), 0, "redeeming a code is not an exchange");
    let long = token_of(&world.exchange(&short).await);
    world.control.set_token_lifetime(Some(days(7)));
    assert_eq!(world.exchange(&long).await.1["expires_in"], 7 * 86_400);
    assert_eq!(refusal(&world.exchange("EAAnonsense").await), (400, 190, None));
    let twice = Fault::new(Endpoint::Exchange, 1, Effect::AnswerTwice);
    world.control.inject_fault(twice);
    world.exchange(&long).await;
    assert_eq!(world.control.exchange_count(AYLIN), 4);
    assert_eq!(world.control.exchange_count(Persona::Nobody.user_id()), 0);
}

#[tokio::test]
async fn an_injected_fault_makes_an_exchange_return_the_same_token() {
    let world = world().await;
    let eternal = world.control.issue(AYLIN, TokenKind::SystemUser, &["ads_read"], None);
    let old = world.control.issue(AYLIN, TokenKind::User, &["ads_read"], Some(days(60)));
    world.control.advance(days(50));
    world.control.inject_fault(unchanged(Endpoint::Exchange));
    let answered = world.exchange(&old).await;
    assert_eq!((token_of(&answered), answered.1["expires_in"].as_i64()), (old.clone(), Some(10 * 86_400)));
    world.control.inject_fault(unchanged(Endpoint::Exchange));
    let answered = world.exchange(&eternal).await;
    assert_eq!((token_of(&answered), answered.1.get("expires_in")), (eternal, None));
    assert_eq!(world.control.exchange_count(AYLIN), 0);
    assert_eq!(world.control.grant(AYLIN).map(|grant| grant.live_tokens), Some(2), "no new token was issued");

    world.control.inject_fault(unchanged(Endpoint::Me));
    assert_eq!(world.get(&old, "me", &[]).await.1["id"], AYLIN);
    assert_ne!(token_of(&world.exchange(&old).await), old);
    world.control.advance(days(10));
    world.control.inject_fault(unchanged(Endpoint::Exchange));
    assert_eq!(
        refusal(&world.exchange(&old).await),
        (400, 190, Some(463)),
        "an expired token is still refused"
    );
}

#[tokio::test]
async fn the_control_page_can_inject_an_unchanged_token() {
    let world = world().await;
    let old = world.control.issue(AYLIN, TokenKind::User, &[], Some(days(1)));
    let form = [("endpoint", "exchange"), ("times", "1"), ("effect", "unchanged")];
    let url = format!("{}/_control", world.sandbox.url());
    let armed = world.client.post(format!("{url}/faults")).form(&form).send().await.expect("an answer");
    assert_eq!(armed.status(), 303);
    let html = world.client.get(&url).send().await.expect("a page").text().await.expect("text");
    assert!(html.contains("1 × exchange: token unchanged") && html.contains("instagram_refresh"));
    assert_eq!(token_of(&world.exchange(&old).await), old);
}

#[tokio::test]
async fn a_token_is_refused_as_soon_as_it_expires() {
    let world = world().await;
    let token = world.control.issue(AYLIN, TokenKind::User, &[], Some(Duration::from_secs(5)));
    world.control.advance(Duration::from_secs(5));
    let me = world.client.get(format!("{}/me", world.base)).bearer_auth(&token);
    assert_eq!(refusal(&send(me).await), (400, 190, Some(463)));
}
