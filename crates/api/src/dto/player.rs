use kernel::{PlayerId, Timestamp};
use players::{Player, Privacy, PrivacyPatch, ProfilePatch, Visibility};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// A player as everybody sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PlayerDto {
    /// UUIDv7.
    #[schema(value_type = uuid::Uuid)]
    pub(crate) id: PlayerId,
    /// Null for guests.
    pub(crate) handle: Option<String>,
    /// What to call them.
    pub(crate) display_name: String,
    /// An `https` address.
    pub(crate) avatar_url: Option<String>,
    /// Whether this is a guest.
    pub(crate) guest: bool,
    /// When they first came.
    #[schema(value_type = String, format = DateTime)]
    pub(crate) created_at: Timestamp,
    /// There, and true, for the practice bot only. It has no page, and can't be asked for anything.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) bot: bool,
}

impl From<&Player> for PlayerDto {
    fn from(player: &Player) -> Self {
        Self {
            id: player.id,
            handle: player.handle.as_ref().map(ToString::to_string),
            display_name: player.display_name.to_string(),
            avatar_url: player.avatar_url.clone(),
            guest: player.guest,
            created_at: player.created_at,
            bot: false,
        }
    }
}

impl PlayerDto {
    /// The practice bot, which is no player anywhere else.
    pub(crate) fn bot() -> Self {
        let named = "Practice bot".to_owned();
        Self { display_name: named, guest: false, bot: true, ..Self::gone(PlayerId::BOT) }
    }

    /// Somebody who isn't there any more.
    pub(crate) fn gone(id: PlayerId) -> Self {
        Self {
            id,
            handle: None,
            display_name: "Former player".to_owned(),
            avatar_url: None,
            guest: true,
            created_at: Timestamp::from_micros(0),
            bot: false,
        }
    }
}

/// A player as they see themselves.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnPlayerDto {
    #[serde(flatten)]
    public: PlayerDto,
    /// About oneself.
    bio: Option<String>,
    /// What one is up to.
    status_text: Option<String>,
    /// Language tag.
    locale: Option<String>,
    /// IANA name.
    time_zone: Option<String>,
    /// Who may do and see what.
    privacy: PrivacyDto,
    /// `player`, `moderator` or `admin`.
    role: String,
}

impl From<&Player> for OwnPlayerDto {
    fn from(player: &Player) -> Self {
        Self {
            public: player.into(),
            bio: player.bio.clone(),
            status_text: player.status_text.clone(),
            locale: player.locale.clone(),
            time_zone: player.time_zone.clone(),
            privacy: player.privacy.into(),
            role: player.role.name().to_owned(),
        }
    }
}

/// Who may do or see something.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VisibilityDto {
    Everyone,
    Friends,
    Nobody,
}

impl From<Visibility> for VisibilityDto {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Everyone => Self::Everyone,
            Visibility::Friends => Self::Friends,
            Visibility::Nobody => Self::Nobody,
        }
    }
}

impl From<VisibilityDto> for Visibility {
    fn from(dto: VisibilityDto) -> Self {
        match dto {
            VisibilityDto::Everyone => Self::Everyone,
            VisibilityDto::Friends => Self::Friends,
            VisibilityDto::Nobody => Self::Nobody,
        }
    }
}

/// Privacy choices.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct PrivacyDto {
    requests: VisibilityDto,
    invites: VisibilityDto,
    presence: VisibilityDto,
    history: VisibilityDto,
}

impl From<Privacy> for PrivacyDto {
    fn from(privacy: Privacy) -> Self {
        Self {
            requests: privacy.requests.into(),
            invites: privacy.invites.into(),
            presence: privacy.presence.into(),
            history: privacy.history.into(),
        }
    }
}

/// Privacy choices to change; absent ones stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PrivacyPatchDto {
    requests: Option<VisibilityDto>,
    invites: Option<VisibilityDto>,
    presence: Option<VisibilityDto>,
    history: Option<VisibilityDto>,
}

/// Profile fields to change. Absent ones stay; null clears those that can be empty.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfilePatchDto {
    /// 1–32 characters.
    display_name: Option<String>,
    /// `https` address, at most 512 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    avatar_url: Option<Option<String>>,
    /// At most 500 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    bio: Option<Option<String>>,
    /// At most 80 characters.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    status_text: Option<Option<String>>,
    /// Language tag, such as `pt-BR`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    locale: Option<Option<String>>,
    /// IANA name, such as `America/Sao_Paulo`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    time_zone: Option<Option<String>>,
    /// Privacy choices to change.
    privacy: Option<PrivacyPatchDto>,
}

/// Tells null (clear it) from absent (leave it).
pub(super) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::<String>::deserialize(deserializer).map(Some)
}

impl From<ProfilePatchDto> for ProfilePatch {
    fn from(dto: ProfilePatchDto) -> Self {
        let privacy = dto.privacy.unwrap_or_default();
        Self {
            display_name: dto.display_name,
            avatar_url: dto.avatar_url,
            bio: dto.bio,
            status_text: dto.status_text,
            locale: dto.locale,
            time_zone: dto.time_zone,
            privacy: PrivacyPatch {
                requests: privacy.requests.map(Visibility::from),
                invites: privacy.invites.map(Visibility::from),
                presence: privacy.presence.map(Visibility::from),
                history: privacy.history.map(Visibility::from),
            },
        }
    }
}
