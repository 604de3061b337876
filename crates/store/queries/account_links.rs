//! One-time links: setting up the first admin, invitations, setting a password.

use metaads_store_rows::{
    AccountLink, LinkEffect, LinkKind, LinkOutcome, LinkPurpose, NewAccountLink, StoreError, UserId,
};

use crate::queries::accounts::insert_user_row;
use crate::{Db, Engine};

/// The columns of a link with the address of its account.
struct LinkRow {
    id: String,
    kind: LinkKind,
    email: Option<String>,
    email_key: Option<String>,
    user_id: Option<UserId>,
    user_email: Option<String>,
    created_at: i64,
    expires_at: i64,
}

impl LinkRow {
    fn link(self) -> Result<AccountLink, StoreError> {
        let shown = self.email.clone().or(self.user_email);
        let what = format!("link {} is for {}", self.id, self.kind.as_str());
        let purpose = LinkPurpose::from_columns(self.kind, self.email, self.email_key, self.user_id)
            .ok_or(StoreError::Inconsistent { table: "account_links", what })?;
        Ok(AccountLink {
            id: self.id,
            purpose,
            email: shown,
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}

impl Db {
    /// Inserts a link in place of earlier ones for the same purpose.
    pub async fn insert_account_link(&self, link: &NewAccountLink) -> Result<(), StoreError> {
        let (email, email_key, user_id) = link.purpose.to_columns();
        let kind = link.purpose.kind().as_str();
        let mut tx = self.begin().await?;
        sqlx::query!(
            "DELETE FROM account_links WHERE kind = $1 AND COALESCE(email_key, '') = $2 AND COALESCE(user_id, '') = $3",
            kind,
            email_key.unwrap_or_default(),
            user_id.unwrap_or_default()
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "INSERT INTO account_links (id, token_hash, kind, email, email_key, user_id, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            link.id,
            link.token_hash,
            kind,
            email,
            email_key,
            user_id,
            link.created_at,
            link.expires_at
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The link of a token, if it can be used now.
    pub async fn find_account_link(
        &self,
        token_hash: &str,
        now: i64,
    ) -> Result<Option<AccountLink>, StoreError> {
        let row = sqlx::query_as!(
            LinkRow,
            r#"SELECT l.id AS "id!", l.kind AS "kind!: LinkKind", l.email AS "email?", l.email_key AS "email_key?",
                      l.user_id AS "user_id?: UserId", u.email AS "user_email?", l.created_at AS "created_at!",
                      l.expires_at AS "expires_at!"
               FROM account_links l LEFT JOIN users u ON u.id = l.user_id
               WHERE l.token_hash = $1 AND l.expires_at > $2"#,
            token_hash,
            now
        )
        .fetch_optional(&self.read)
        .await?;
        row.map(LinkRow::link).transpose()
    }

    /// Links of one kind that can be used now, the newest first.
    pub async fn list_account_links(&self, kind: LinkKind, now: i64) -> Result<Vec<AccountLink>, StoreError> {
        let rows = sqlx::query_as!(
            LinkRow,
            r#"SELECT l.id AS "id!", l.kind AS "kind!: LinkKind", l.email AS "email?", l.email_key AS "email_key?",
                      l.user_id AS "user_id?: UserId", u.email AS "user_email?", l.created_at AS "created_at!",
                      l.expires_at AS "expires_at!"
               FROM account_links l LEFT JOIN users u ON u.id = l.user_id
               WHERE l.kind = $1 AND l.expires_at > $2 ORDER BY l.id DESC"#,
            kind.as_str(),
            now
        )
        .fetch_all(&self.read)
        .await?;
        rows.into_iter().map(LinkRow::link).collect()
    }

    /// Withdraws the invitation with this id or for this address key. False if there is none.
    pub async fn delete_invitation(&self, id_or_email_key: &str) -> Result<bool, StoreError> {
        let deleted = sqlx::query!(
            "DELETE FROM account_links WHERE kind = 'invitation' AND (id = $1 OR email_key = $1)",
            id_or_email_key
        )
        .execute(&self.write)
        .await?
        .rows_affected();
        Ok(deleted > 0)
    }

    /// Uses a link up and does what it is for, in one transaction: of several attempts at once one succeeds.
    pub async fn use_account_link(
        &self,
        token_hash: &str,
        effect: &LinkEffect,
        now: i64,
    ) -> Result<LinkOutcome, StoreError> {
        let mut tx = self.begin().await?;
        lock_users!(&mut *tx);
        let used = sqlx::query!(
            r#"DELETE FROM account_links WHERE token_hash = $1 AND expires_at > $2
               RETURNING kind AS "kind!: LinkKind""#,
            token_hash,
            now
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(used) = used else { return Ok(LinkOutcome::Gone) };
        if used.kind == LinkKind::Setup {
            let admins = sqlx::query!(r#"SELECT COUNT(*) AS "count!: i64" FROM users WHERE is_admin"#)
                .fetch_one(&mut *tx)
                .await?;
            if admins.count > 0 {
                tx.commit().await?;
                return Ok(LinkOutcome::AdminExists);
            }
        }
        let outcome = take_effect(&mut tx, effect, now).await?;
        match outcome {
            LinkOutcome::Done => tx.commit().await?,
            // Rolled back: the link stays.
            LinkOutcome::Gone | LinkOutcome::EmailTaken | LinkOutcome::AdminExists => {}
        }
        Ok(outcome)
    }
}

async fn take_effect(
    tx: &mut sqlx::Transaction<'static, Engine>,
    effect: &LinkEffect,
    now: i64,
) -> Result<LinkOutcome, StoreError> {
    match effect {
        LinkEffect::CreateUser(user) => {
            let is_inserted = insert_user_row(tx, user, user.is_admin.unwrap_or(false)).await?;
            Ok(if is_inserted { LinkOutcome::Done } else { LinkOutcome::EmailTaken })
        }
        LinkEffect::Promote(user_id) => {
            let promoted = sqlx::query!(
                "UPDATE users SET is_admin = TRUE, email_proven_at = COALESCE(email_proven_at, $2) WHERE id = $1",
                user_id.as_str(),
                now
            )
            .execute(&mut **tx)
            .await?
            .rows_affected();
            Ok(if promoted == 1 { LinkOutcome::Done } else { LinkOutcome::Gone })
        }
        LinkEffect::SetPassword { user_id, password_hash, is_admin } => {
            sqlx::query!(
                "UPDATE users SET password_hash = $2, password_changed_at = $3, email_proven_at = COALESCE(email_proven_at, $3),
                     is_admin = (is_admin OR $4) WHERE id = $1",
                user_id.as_str(),
                password_hash,
                now,
                is_admin
            )
            .execute(&mut **tx)
            .await?;
            sqlx::query!("DELETE FROM sessions WHERE user_id = $1", user_id.as_str())
                .execute(&mut **tx)
                .await?;
            sqlx::query!("DELETE FROM known_devices WHERE user_id = $1", user_id.as_str())
                .execute(&mut **tx)
                .await?;
            Ok(LinkOutcome::Done)
        }
    }
}
