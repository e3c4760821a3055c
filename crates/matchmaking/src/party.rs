//! A party: players who queue together.

use kernel::{PartyId, PlayerId, TicketId, Timestamp, Version};
use serde::{Deserialize, Serialize};

/// One of a party. Stored as JSON: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyMember {
    /// Who.
    pub player_id: PlayerId,
    /// Whether the player has said "ready". The leader says so by queueing.
    pub ready: bool,
    /// Since when.
    pub joined_at: Timestamp,
    /// Since when the player, who had a socket, has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent_since: Option<Timestamp>,
}

/// An invitation to a party. Stored as JSON: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyInvite {
    /// Whom.
    pub player_id: PlayerId,
    /// By whom.
    pub from: PlayerId,
    /// When.
    pub created_at: Timestamp,
    /// From then on it can't be taken up.
    pub expires_at: Timestamp,
}

/// The ticket a party queued with. It may have ended since: the ticket knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Key of its mode.
    pub mode: String,
}

/// How long a party had waited when a change of its members took it out of the queue: it goes on from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waited {
    /// In which mode.
    pub mode: String,
    /// For how long, in milliseconds.
    pub wait_ms: i64,
    /// Until when that counts.
    pub until: Timestamp,
}

/// Players who queue together. It outlives its players' connections; when the last one leaves it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// Its id.
    pub id: PartyId,
    /// Who invites, queues, and may put others out.
    pub leader_id: PlayerId,
    /// Everybody in it, longest first.
    pub members: Vec<PartyMember>,
    /// Invitations that can be taken up, oldest first; some may have lapsed.
    pub invites: Vec<PartyInvite>,
    /// The ticket it queued with last.
    pub queued: Option<Queued>,
    /// What it had waited when it was last taken out of a queue.
    pub waited: Option<Waited>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was left by everybody.
    pub ended_at: Option<Timestamp>,
    /// For compare-and-set.
    pub version: Version,
}

impl Party {
    /// One of it.
    #[must_use]
    pub fn member(&self, player: PlayerId) -> Option<&PartyMember> {
        self.members.iter().find(|member| member.player_id == player)
    }

    /// Everybody in it, longest first.
    #[must_use]
    pub fn players(&self) -> Vec<PlayerId> {
        self.members.iter().map(|member| member.player_id).collect()
    }

    /// The invitation of this player that can be taken up now.
    #[must_use]
    pub fn invite_of(&self, player: PlayerId, now: Timestamp) -> Option<&PartyInvite> {
        self.invites.iter().find(|invite| invite.player_id == player && invite.expires_at > now)
    }

    /// Those who may come in now, oldest invitation first.
    #[must_use]
    pub fn invited(&self, now: Timestamp) -> Vec<PlayerId> {
        let open = self.invites.iter().filter(|invite| invite.expires_at > now);
        open.map(|invite| invite.player_id).collect()
    }
}
