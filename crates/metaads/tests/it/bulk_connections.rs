//! Inserts many connections at once, as a login would have stored them.

use std::fmt::Write as _;
use std::time::Duration;

use metaads_sandbox::{TokenKind, bulk_user_id};
use metaads_vault::SealContext;
use uuid::Uuid;

use crate::world::{World, days};

pub const SCOPES: [&str; 6] = [
    "ads_management",
    "ads_read",
    "business_management",
    "pages_read_engagement",
    "pages_show_list",
    "instagram_basic",
];

/// One connection to insert.
pub struct BulkConnection {
    pub kind: TokenKind,
    pub lifetime: Option<Duration>,
    /// How long ago the token was issued; its lifetime is shorter by this.
    pub age: Duration,
}

/// Inserts the connections, number n for the sandbox's generated user n, all for one user of ours. Their first token
/// checks are spread over the next day. Returns the ids.
pub async fn insert_connections(world: &World, wanted: &[BulkConnection]) -> Vec<String> {
    let user = Uuid::from_u128(1).hyphenated().to_string();
    world
        .sql(&format!(
            "INSERT INTO users (id, email, email_key, password_hash, is_admin, created_at, password_changed_at)
             VALUES ('{user}', 'seed@b.example', 'seed@b.example', '', FALSE, 0, 0)"
        ))
        .await;
    world.sql(&format!("INSERT INTO workspaces (id, created_at) VALUES ('{user}', 0)")).await;
    let mut ids = Vec::new();
    for (chunk, part) in wanted.chunks(250).enumerate() {
        let (mut connections, mut jobs) = (String::new(), String::new());
        for (index, one) in part.iter().enumerate() {
            let number = chunk * 250 + index;
            let id = world.app.new_connection_id().to_string();
            append_rows(world, &user, &id, number, one, &mut connections, &mut jobs);
            ids.push(id);
        }
        world
            .sql(&format!(
                "INSERT INTO meta_connections (id, user_id, workspace_id, kind, app_id, meta_user_id, name, status,
                     status_changed_at, access_token, access_token_key, token_version, scopes, declined_scopes,
                     expires_at, data_access_expires_at, last_refreshed_at, last_checked_at, sync_state, sync_done,
                     sync_generation, connected_at, created_at, updated_at, last_synced_at) VALUES {}",
                connections.trim_end_matches(',')
            ))
            .await;
        world
            .sql(&format!(
                "INSERT INTO jobs (id, kind, subject, payload, run_at, attempts, leased_until, fence, priority) VALUES {}",
                jobs.trim_end_matches(',')
            ))
            .await;
    }
    ids
}

fn append_rows(
    world: &World,
    user: &str,
    id: &str,
    number: usize,
    wanted: &BulkConnection,
    connections: &mut String,
    jobs: &mut String,
) {
    let person = bulk_user_id(number);
    let scopes: &[&str] = match wanted.kind {
        TokenKind::Instagram => &["instagram_business_basic"],
        TokenKind::User | TokenKind::SystemUser => &SCOPES,
    };
    let left = wanted.lifetime.map(|lifetime| lifetime - wanted.age);
    let token = world.meta.issue(&person, wanted.kind, scopes, left);
    let row = format!("{user}/{id}");
    let context = SealContext { table: "meta_connections", column: "access_token", row: &row };
    let sealed = world.app.seal(&context, &token);
    let bytes = hex::encode(sealed.as_bytes());
    let bytes = match world.is_sqlite() {
        true => format!("x'{bytes}'"),
        false => format!("'\\x{bytes}'"),
    };
    let (kind, data_access) = match wanted.kind {
        TokenKind::User => ("facebook_user", true),
        TokenKind::SystemUser => ("business_system_user", false),
        TokenKind::Instagram => ("instagram_user", false),
    };
    let now = world.app.now();
    let ms = |duration: Duration| i64::try_from(duration.as_millis()).unwrap();
    let ends = left.map_or("NULL".to_owned(), |left| (now + ms(left)).to_string());
    let since = now - ms(wanted.age);
    let data_access = if data_access { (now + ms(days(90))).to_string() } else { "NULL".to_owned() };
    let _ = write!(
        connections,
        "('{id}','{user}','{user}','{kind}','100200300400500','{person}','Person {number}','active',{since},{bytes},'{}',1,'{}','',
         {ends},{data_access},{since},{now},'idle',0,1,{since},{since},{since},{now}),",
        sealed.key_id(),
        scopes.join(","),
    );
    let run_at = now + i64::try_from(number).unwrap() * 7_919_000 % 86_400_000;
    let _ = write!(jobs, "('{id}','check','{id}','',{run_at},0,0,0,1),");
}
