//! A year on the test clock, with failures and outages at random.

use std::collections::HashMap;
use std::time::Instant;

use metaads::worker;
use metaads_sandbox::{Effect, Endpoint, TokenKind, bulk_user_id};

use crate::bulk_connections::{BulkConnection, insert_connections};
use crate::effects::api_error_with;
use crate::world::{World, days, hours};

/// How many connections: a few in the test command, 10,000 with `cargo xtask year`.
fn connections() -> usize {
    std::env::var("METAADS_YEAR_CONNECTIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(10)
}

/// Repeatable random numbers (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// True once in this many rolls, on average.
    fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

fn connection(number: usize) -> BulkConnection {
    let (kind, lifetime) = match number % 20 {
        0 | 1 => (TokenKind::SystemUser, None),
        2..=4 => (TokenKind::SystemUser, Some(days(60))),
        5..=7 => (TokenKind::Instagram, Some(days(60))),
        _ => (TokenKind::User, Some(days(60))),
    };
    BulkConnection { kind, lifetime, age: days(0) }
}

fn error(status: u16, code: i64, subcode: Option<i64>) -> Effect {
    api_error_with(status, code, subcode, "An unexpected error has occurred.")
}

/// Injects the failures of one hour, for about one call in 50.
fn inject_failures(world: &World, dice: &mut Dice, number: usize) {
    let times = u32::try_from(number / 1200).unwrap() + u32::from(dice.one_in(3));
    let effects = [
        error(500, 2, None),
        error(500, 1, None),
        error(503, 2, None),
        error(403, 4, None),
        error(400, 17, Some(2_446_079)),
        error(400, 613, None),
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
    // About one refresh in thirty returns the token that was sent.
    if dice.one_in(if number > 1000 { 2 } else { 40 }) {
        let endpoint = if dice.one_in(5) { Endpoint::InstagramRefresh } else { Endpoint::Exchange };
        world.fault_times(endpoint, 1 + times, Effect::Unchanged);
    }
    world.meta.set_omit_expires_in(dice.one_in(20));
}

fn start_outage(world: &World) {
    for endpoint in
        [Endpoint::DebugToken, Endpoint::Exchange, Endpoint::InstagramRefresh, Endpoint::InstagramMe]
    {
        world.fault_times(endpoint, u32::MAX, error(503, 2, None));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_year_loses_no_valid_grant_and_reports_no_false_loss() {
    let number = connections();
    let started = Instant::now();
    let world = World::with_bulk_users(&[], number).await;
    let wanted: Vec<BulkConnection> = (0..number).map(connection).collect();
    let ids = insert_connections(&world, &wanted).await;
    for person in 0..number {
        world.meta.set_data_access(&bulk_user_id(person), days(1000));
    }
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    // One in fifty becomes invalid, on a random day and for a random reason.
    let mut ends_at: HashMap<u64, Vec<(usize, u32)>> = HashMap::new();
    let mut invalid: HashMap<usize, u32> = HashMap::new();
    for person in (0..number).step_by(50) {
        let subcode = [458, 460, 467][usize::try_from(dice.roll(3)).unwrap()];
        ends_at.entry(24 * (10 + dice.roll(340))).or_default().push((person, subcode));
        invalid.insert(person, subcode);
    }
    let mut outage_until = 0;
    for hour in 0..365 * 24_u64 {
        world.advance(hours(1));
        for (person, subcode) in ends_at.remove(&hour).unwrap_or_default() {
            world.meta.invalidate_tokens(&bulk_user_id(person), subcode);
        }
        // Faults that no call hit in their hour end.
        if hour >= outage_until {
            world.meta.clear_faults();
        }
        if hour > outage_until && dice.one_in(300) {
            outage_until = hour + 1 + dice.roll(12);
            start_outage(&world);
        } else if hour > outage_until {
            inject_failures(&world, &mut dice, number);
        }
        let now = world.app.now();
        if world
            .app
            .store
            .next_job_at(now, metaads_store::ClaimOrder::InteractiveFirst)
            .await
            .unwrap()
            .is_some_and(|at| at <= now)
        {
            let due = || worker::run_due(&world.app);
            let done = tokio::join!(due(), due(), due(), due(), due(), due(), due(), due());
            done.0.unwrap();
        }
    }
    verify(&world, &ids, &invalid, number).await;
    println!("{number} connections, 365 days: {:.0?}", started.elapsed());
}

async fn verify(world: &World, ids: &[String], invalid: &HashMap<usize, u32>, number: usize) {
    let now = world.app.now();
    let count = |sql: String| async move { world.number(&sql).await };
    let reported = count(
        "SELECT COUNT(DISTINCT connection_id) FROM audit_log WHERE action = 'needs_reauthorization'"
            .to_owned(),
    );
    assert_eq!(reported.await, i64::try_from(invalid.len()).unwrap(), "only invalid grants are reported");
    for (person, subcode) in invalid {
        let reason = match subcode {
            458 => "app_removed",
            460 => "password_changed",
            _ => "session_invalid",
        };
        let sql = format!(
            "SELECT COUNT(*) FROM meta_connections WHERE id = '{}' AND status = 'needs_reauthorization'
                 AND status_reason = '{reason}'",
            ids[*person]
        );
        assert_eq!(count(sql).await, 1, "person {person}, subcode {subcode}");
    }
    let healthy = i64::try_from(number - invalid.len()).unwrap();
    let active = format!(
        "SELECT COUNT(*) FROM meta_connections WHERE status = 'active' AND status_reason IS NULL
             AND (expires_at IS NULL OR expires_at > {now})"
    );
    assert_eq!(count(active).await, healthy);
    let (mut refreshes, mut refreshed) = (0, 0);
    for person in (0..number).filter(|person| !invalid.contains_key(person)) {
        let times = world.meta.exchange_count(&bulk_user_id(person));
        if connection(person).lifetime.is_none() {
            assert_eq!(times, 0, "person {person}: a token that never expires is not refreshed");
            continue;
        }
        assert!((7..=18).contains(&times), "person {person}: {times} refreshes");
        refreshes += times;
        refreshed += 1;
    }
    // A refresh about every 40 days makes nine in a year, and a few more where an answer was lost. The average of
    // ten people varies more.
    let average = refreshes as f64 / f64::from(refreshed);
    let most = if number < 100 { 14.0 } else { 11.0 };
    assert!((8.0..most).contains(&average), "{average:.2} refreshes each");
    let lines = count("SELECT COUNT(*) FROM audit_log".to_owned()).await;
    println!("{average:.2} refreshes each, {:.1} lines of history each", lines as f64 / number as f64);
    assert_eq!(count("SELECT COUNT(*) FROM jobs WHERE leased_until > 0".to_owned()).await, 0);
}
