//! Meta is down, slow, or gone in the middle.

use metaads_sandbox::{Answer, Effect, Endpoint, Persona};

use crate::world::World;

fn graph(status: u16, code: i64, subcode: Option<i64>) -> Effect {
    Effect::Graph { status, code, subcode, kind: "OAuthException".to_owned(), message: "m".to_owned() }
}

#[tokio::test]
async fn o16_whatever_breaks_nothing_is_half_connected_and_the_next_try_works() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    let down = "Meta isn’t answering right now";
    let cases = [
        (Effect::Hang, down),
        (Effect::Cut, down),
        (Effect::Refuse, down),
        (Effect::LoseAnswer, down),
        (graph(503, 2, None), down),
        (graph(500, 1, None), down),
        (graph(403, 4, None), "Meta asks us to slow down"),
        (graph(400, 101, None), "This site isn’t set up for Meta yet"),
    ];
    for endpoint in [Endpoint::Token, Endpoint::Exchange, Endpoint::DebugToken, Endpoint::Batch] {
        for (effect, title) in &cases {
            world.meta.clear_calls();
            world.fault(endpoint, effect.clone());
            let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
            assert_eq!(page.title(), *title, "{endpoint:?} {effect:?}");
            assert!(page.has("Support id") && page.has("/help/errors/"), "{endpoint:?} {effect:?}");
            assert!(browser.connections().await.is_empty(), "{endpoint:?} {effect:?}");
            // A code is used once, whatever became of it.
            assert_eq!(world.meta.count(Endpoint::Token), 1, "{endpoint:?} {effect:?}");
            world.meta.clear_faults();
            // Until then a block of the app's would be heeded.
            world.advance(std::time::Duration::from_secs(11 * 60));
        }
    }
    assert_eq!(browser.connect(Answer::agree(Persona::SoleTrader)).await.title(), "Reading your ad accounts");
}

#[tokio::test]
async fn an_outage_leaves_an_existing_connection_as_it_is() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    browser.connect(Answer::agree(Persona::SoleTrader)).await;
    world.run_due_jobs().await;
    let before = browser.connections().await;
    for endpoint in [Endpoint::Token, Endpoint::Exchange, Endpoint::DebugToken, Endpoint::Batch] {
        world.fault(endpoint, graph(503, 2, None));
        browser.connect(Answer::agree(Persona::SoleTrader)).await;
    }
    assert_eq!(browser.connections().await, before);
}

#[tokio::test]
async fn a_code_that_meta_refuses_is_told_apart_from_our_own_settings() {
    let world = World::new().await;
    let browser = world.user("a@b.example").await;
    for (subcode, title) in [
        (Some(36007), "Facebook’s answer was no longer valid"),
        (Some(36009), "Facebook’s answer was no longer valid"),
        (None, "Facebook’s answer was no longer valid"),
        (Some(36008), "This site isn’t set up for Meta yet"),
    ] {
        world.fault(Endpoint::Token, graph(400, 100, subcode));
        let page = browser.connect(Answer::agree(Persona::SoleTrader)).await;
        assert_eq!(page.title(), title, "{subcode:?}");
    }
}
