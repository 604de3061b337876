//! Meta is down, does not answer, or fails between two calls.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::effects::{api_error, api_error_with, unavailable};
use crate::world::{World, minutes};

#[tokio::test]
async fn o16_a_failed_call_stores_nothing_and_the_next_attempt_works() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let down = "Meta isn’t answering right now";
    let cases = [
        (Effect::Hang, down),
        (Effect::Cut, down),
        (Effect::Refuse, down),
        (Effect::LoseAnswer, down),
        (unavailable(), down),
        (api_error_with(500, 1, None, "m"), down),
        (api_error_with(403, 4, None, "m"), "Meta asks us to slow down"),
        (api_error(101, None), "This site isn’t set up for Meta yet"),
    ];
    for endpoint in [Endpoint::Token, Endpoint::Exchange, Endpoint::DebugToken] {
        for (effect, title) in &cases {
            world.meta.clear_calls();
            // What may be repeated is repeated once.
            world.fault_times(endpoint, 2, effect.clone());
            let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
            assert_eq!(page.title(), *title, "{endpoint:?} {effect:?}");
            assert!(page.has("Support ID") && page.has("/help/errors/"), "{endpoint:?} {effect:?}");
            assert!(browser.connections().await.is_empty(), "{endpoint:?} {effect:?}");
            // A code is sent once, whatever the outcome.
            assert_eq!(world.meta.count(Endpoint::Token), 1, "{endpoint:?} {effect:?}");
            world.meta.clear_faults();
            // By then a rate limit of the app has expired.
            world.advance(minutes(11));
        }
    }
    assert_eq!(browser.connect(Answer::agree(Persona::SoleTrader)).await.title(), "Syncing your ad accounts");
}

#[tokio::test]
async fn an_outage_leaves_an_existing_connection_unchanged() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let before = browser.connections().await;
    for endpoint in [Endpoint::Token, Endpoint::Exchange, Endpoint::DebugToken] {
        world.fault_times(endpoint, 2, unavailable());
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
        world.meta.clear_faults();
    }
    assert_eq!(browser.connections().await, before);
}

#[tokio::test]
async fn a_refused_code_is_told_apart_from_our_misconfiguration() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for (subcode, title) in [
        (Some(36007), "Facebook’s answer was no longer valid"),
        (Some(36009), "Facebook’s answer was no longer valid"),
        (None, "Facebook’s answer was no longer valid"),
        (Some(36008), "This site isn’t set up for Meta yet"),
    ] {
        world.fault(Endpoint::Token, api_error(100, subcode));
        let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
        assert_eq!(page.title(), title, "{subcode:?}");
    }
}
