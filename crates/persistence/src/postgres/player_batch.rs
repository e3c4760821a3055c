//! What PostgreSQL says in one statement about players.

use diesel::sql_types::{BigInt, Binary, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use kernel::StoreError;
use players::SecretHash;

use super::dialect::{Id, Instant};
use super::sql::{Database, PlayerRow, SessionRow};
use crate::prepared::prepared;

/// Creates a guest and their session: one round trip, since a party of newcomers is the commonest burst there is.
pub(crate) async fn create_guest(
    database: &Database,
    player: PlayerRow,
    device: Option<SecretHash>,
    session: SessionRow,
) -> Result<(), StoreError> {
    database
        .write_one(move |conn| {
            Box::pin(async move {
                let statement = prepared(
                    "WITH guest AS (
                         INSERT INTO players (id, display_name, avatar_url, bio, status_text, locale, time_zone,
                             privacy_requests, privacy_invites, privacy_presence, privacy_history, guest, role,
                             suspended_until, created_at, version, device_hash)
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                         ON CONFLICT (id) DO NOTHING
                         RETURNING id)
                     INSERT INTO sessions (id, player_id, created_at, last_used_at, expires_at, refresh_hash,
                         rotated_at, revoked_at, user_agent)
                     SELECT $18, guest.id, $19, $20, $21, $22, $23, $24, $25 FROM guest",
                );
                let created = statement
                    .bind::<Id, _>(player.id)
                    .bind::<Text, _>(player.display_name)
                    .bind::<Nullable<Text>, _>(player.avatar_url)
                    .bind::<Nullable<Text>, _>(player.bio)
                    .bind::<Nullable<Text>, _>(player.status_text)
                    .bind::<Nullable<Text>, _>(player.locale)
                    .bind::<Nullable<Text>, _>(player.time_zone)
                    .bind::<Text, _>(player.privacy_requests)
                    .bind::<Text, _>(player.privacy_invites)
                    .bind::<Text, _>(player.privacy_presence)
                    .bind::<Text, _>(player.privacy_history)
                    .bind::<Bool, _>(player.guest)
                    .bind::<Text, _>(player.role)
                    .bind::<Nullable<Instant>, _>(player.suspended_until)
                    .bind::<Instant, _>(player.created_at)
                    .bind::<BigInt, _>(player.version)
                    .bind::<Nullable<Binary>, _>(device.map(|hash| hash.as_bytes().to_vec()))
                    .bind::<Id, _>(session.id)
                    .bind::<Instant, _>(session.created_at)
                    .bind::<Instant, _>(session.last_used_at)
                    .bind::<Instant, _>(session.expires_at)
                    .bind::<Binary, _>(session.refresh_hash)
                    .bind::<Nullable<Instant>, _>(session.rotated_at)
                    .bind::<Nullable<Instant>, _>(session.revoked_at)
                    .bind::<Nullable<Text>, _>(session.user_agent)
                    .execute(conn)
                    .await?;
                // The id exists: nothing was written.
                if created == 1 { Ok(()) } else { Err(StoreError::Stale.into()) }
            })
        })
        .await
}
