//! A year on the injected clock, with the weather that Meta has.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use metaads::worker;
use metaads_sandbox::{Effect, Endpoint, TokenKind, bulk_user_id};

use super::seed::{Seed, days, plant};
use crate::world::World;

/// How many: a few in the test command, 10,000 with `cargo xtask year`.
fn connections() -> usize {
    std::env::var("METAADS_YEAR_CONNECTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

/// Small, repeatable randomness.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// True once in so many times.
    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

fn seed(number: usize) -> Seed {
    let (kind, lifetime) = match number % 20 {
        0 | 1 => (TokenKind::SystemUser, None),
        2..=4 => (TokenKind::SystemUser, Some(days(60))),
        5..=7 => (TokenKind::Instagram, Some(days(60))),
        _ => (TokenKind::User, Some(days(60))),
    };
    Seed { kind, lifetime, age: days(0) }
}

fn broken(status: u16, code: i64, subcode: Option<i64>) -> Effect {
    let kind = "OAuthException".to_owned();
    Effect::Graph { status, code, subcode, kind, message: "An unexpected error has occurred.".to_owned() }
}

/// What goes wrong in one hour, for one call in 50 or so.
fn drizzle(world: &World, dice: &mut Dice, number: usize) {
    let times = u32::try_from(number / 1200).unwrap() + u32::from(dice.one_in(3));
    let effects = [
        broken(500, 2, None),
        broken(500, 1, None),
        broken(503, 2, None),
        broken(403, 4, None),
        broken(400, 17, Some(2_446_079)),
        broken(400, 613, None),
        Effect::Refuse,
        Effect::Cut,
        Effect::LoseAnswer,
        Effect::Body {
            status: 502,
            content_type: "text/html".to_owned(),
            body: "<html>Bad gateway</html>".to_owned(),
        },
    ];
    let effect = effects[usize::try_from(dice.roll(effects.len() as u64)).unwrap()].clone();
    for endpoint in
        [Endpoint::DebugToken, Endpoint::Exchange, Endpoint::InstagramRefresh, Endpoint::InstagramMe]
    {
        if times > 0 && dice.one_in(2) {
            world.fault_times(endpoint, times, effect.clone());
        }
    }
    // One renewal in thirty brings the very token that was sent.
    if dice.one_in(if number > 1000 { 2 } else { 40 }) {
        let endpoint = if dice.one_in(5) { Endpoint::InstagramRefresh } else { Endpoint::Exchange };
        world.fault_times(endpoint, 1 + times, Effect::Unchanged);
    }
    world.meta.set_omit_expires_in(dice.one_in(20));
}

fn outage(world: &World) {
    for endpoint in
        [Endpoint::DebugToken, Endpoint::Exchange, Endpoint::InstagramRefresh, Endpoint::InstagramMe]
    {
        world.fault_times(endpoint, u32::MAX, broken(503, 2, None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_year_loses_no_grant_that_lives_and_asks_nobody_in_vain() {
    let number = connections();
    let began = Instant::now();
    let world = World::of(&[], number).await;
    let seeds: Vec<Seed> = (0..number).map(seed).collect();
    let ids = plant(&world, &seeds).await;
    for person in 0..number {
        world.meta.set_data_access(&bulk_user_id(person), days(1000));
    }
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    // One in fifty dies for real, on some day and for some reason.
    let mut deaths: HashMap<u64, Vec<(usize, u32)>> = HashMap::new();
    let mut dead: HashMap<usize, u32> = HashMap::new();
    for person in (0..number).step_by(50) {
        let subcode = [458, 460, 467][usize::try_from(dice.roll(3)).unwrap()];
        deaths.entry(24 * (10 + dice.roll(340))).or_default().push((person, subcode));
        dead.insert(person, subcode);
    }
    let mut outage_until = 0;
    for hour in 0..365 * 24_u64 {
        world.advance(Duration::from_secs(3600));
        for (person, subcode) in deaths.remove(&hour).unwrap_or_default() {
            world.meta.invalidate_tokens(&bulk_user_id(person), subcode);
        }
        // What nobody met in its hour is over.
        if hour >= outage_until {
            world.meta.clear_faults();
        }
        if hour > outage_until && dice.one_in(300) {
            outage_until = hour + 1 + dice.roll(12);
            outage(&world);
        } else if hour > outage_until {
            drizzle(&world, &mut dice, number);
        }
        let now = world.app.now();
        if world
            .app
            .store
            .next_job_at(now, metaads_store::Priority::Background)
            .await
            .unwrap()
            .is_some_and(|at| at <= now)
        {
            let due = || worker::run_due(&world.app);
            let done = tokio::join!(due(), due(), due(), due(), due(), due(), due(), due());
            done.0.unwrap();
        }
    }
    verify(&world, &ids, &dead, number).await;
    println!("{number} connections, 365 days: {:.0?}", began.elapsed());
}

async fn verify(world: &World, ids: &[String], dead: &HashMap<usize, u32>, number: usize) {
    let now = world.app.now();
    let count = |sql: String| async move { world.number(&sql).await };
    let told = count(
        "SELECT COUNT(DISTINCT connection_id) FROM audit_log WHERE action = 'needs_reauthorization'"
            .to_owned(),
    );
    assert_eq!(told.await, i64::try_from(dead.len()).unwrap(), "only the dead were ever said to be dead");
    for (person, subcode) in dead {
        let reason = match subcode {
            458 => "app_removed",
            460 => "password_changed",
            _ => "session_invalid",
        };
        // Instagram's own answers to 458 and 460 carry the same subcodes.
        let sql = format!(
            "SELECT COUNT(*) FROM meta_connections WHERE id = '{}' AND status = 'needs_reauthorization'
                 AND status_reason = '{reason}'",
            ids[*person]
        );
        assert_eq!(count(sql).await, 1, "person {person} died of {subcode}");
    }
    let healthy = i64::try_from(number - dead.len()).unwrap();
    let alive = format!(
        "SELECT COUNT(*) FROM meta_connections WHERE status = 'active' AND status_reason IS NULL
             AND (expires_at IS NULL OR expires_at > {now})"
    );
    assert_eq!(count(alive).await, healthy);
    let (mut renewals, mut renewed) = (0, 0);
    for person in (0..number).filter(|person| !dead.contains_key(person)) {
        let times = world.meta.exchange_count(&bulk_user_id(person));
        if seed(person).lifetime.is_none() {
            assert_eq!(times, 0, "person {person}: a token that never ends is left alone");
            continue;
        }
        assert!((7..=18).contains(&times), "person {person}: {times} renewals");
        renewals += times;
        renewed += 1;
    }
    // 365 days, a renewal about every 40: nine, and a few more where an answer was lost. Of ten people the
    // average is a matter of luck.
    let average = renewals as f64 / f64::from(renewed);
    let most = if number < 100 { 14.0 } else { 11.0 };
    assert!((8.0..most).contains(&average), "{average:.2} renewals each");
    let lines = count("SELECT COUNT(*) FROM audit_log".to_owned()).await;
    println!("{average:.2} renewals each, {:.1} lines of history each", lines as f64 / number as f64);
    assert_eq!(count("SELECT COUNT(*) FROM jobs WHERE leased_until > 0".to_owned()).await, 0);
}
