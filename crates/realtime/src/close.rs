/// Why the server closes a socket. The code tells the client what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// 1000: done.
    Normal,
    /// 1002: the WebSocket protocol was violated.
    Protocol,
    /// 1003: a binary message.
    Binary,
    /// 1007: text that isn't UTF-8.
    BadUtf8,
    /// 1009: a message over the limit.
    TooLarge,
    /// 1011: a bug on this side.
    Internal,
    /// 1013: a dependency is down or the server is full; back off.
    Overloaded,
    /// 4100: the replica is going away; reconnect after the hint.
    Drain,
    /// 4101: nothing was heard for two heartbeat intervals.
    HeartbeatMissed,
    /// 4102: the client reads too slowly; reconnect and resume.
    TooSlow,
    /// 4105: far too many messages; wait.
    RateLimited,
    /// 4106: the access token expired; refresh, then resume.
    TokenExpired,
    /// 4500: a protocol version that isn't spoken here.
    Version,
    /// 4501: no or wrong credentials.
    NotAuthenticated,
    /// 4502: the player is suspended.
    Suspended,
    /// 4503: another socket of the player took its place.
    Replaced,
    /// 4504: a frame that isn't the protocol's envelope.
    Malformed,
    /// 4505: no `session.hello` in time.
    NoHello,
    /// 4506: the device was signed out.
    SignedOut,
}

impl CloseCode {
    /// Every code, in numeric order: for the served documents.
    pub const ALL: [Self; 19] = [
        Self::Normal,
        Self::Protocol,
        Self::Binary,
        Self::BadUtf8,
        Self::TooLarge,
        Self::Internal,
        Self::Overloaded,
        Self::Drain,
        Self::HeartbeatMissed,
        Self::TooSlow,
        Self::RateLimited,
        Self::TokenExpired,
        Self::Version,
        Self::NotAuthenticated,
        Self::Suspended,
        Self::Replaced,
        Self::Malformed,
        Self::NoHello,
        Self::SignedOut,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Normal => 1000,
            Self::Protocol => 1002,
            Self::Binary => 1003,
            Self::BadUtf8 => 1007,
            Self::TooLarge => 1009,
            Self::Internal => 1011,
            Self::Overloaded => 1013,
            Self::Drain => 4100,
            Self::HeartbeatMissed => 4101,
            Self::TooSlow => 4102,
            Self::RateLimited => 4105,
            Self::TokenExpired => 4106,
            Self::Version => 4500,
            Self::NotAuthenticated => 4501,
            Self::Suspended => 4502,
            Self::Replaced => 4503,
            Self::Malformed => 4504,
            Self::NoHello => 4505,
            Self::SignedOut => 4506,
        }
    }

    /// Whether coming back would end the same way: the client's fault, or somebody's decision.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Normal | Self::Internal | Self::Overloaded | Self::Drain | Self::HeartbeatMissed => false,
            Self::TooSlow | Self::RateLimited | Self::TokenExpired => false,
            Self::Protocol | Self::Binary | Self::BadUtf8 | Self::TooLarge | Self::Version => true,
            Self::NotAuthenticated | Self::Suspended | Self::Replaced | Self::Malformed => true,
            Self::NoHello | Self::SignedOut => true,
        }
    }

    /// A few words for the close frame: well under its 123 bytes.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Normal => "done",
            Self::Protocol => "protocol error",
            Self::Binary => "binary messages are not spoken here",
            Self::BadUtf8 => "text must be UTF-8",
            Self::TooLarge => "message too large",
            Self::Internal => "internal error",
            Self::Overloaded => "try again later",
            Self::Drain => "the server is going away: reconnect and resume",
            Self::HeartbeatMissed => "heartbeat missed",
            Self::TooSlow => "reading too slowly: reconnect and resume",
            Self::RateLimited => "too many messages",
            Self::TokenExpired => "the token expired: refresh it, then resume",
            Self::Version => "unknown protocol version",
            Self::NotAuthenticated => "not authenticated",
            Self::Suspended => "suspended",
            Self::Replaced => "replaced by a newer connection",
            Self::Malformed => "malformed message",
            Self::NoHello => "no session.hello in time",
            Self::SignedOut => "signed out",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_rise_and_reasons_fit_a_close_frame() {
        assert!(CloseCode::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
        assert!(CloseCode::ALL.iter().all(|code| code.reason().len() <= 123));
    }
}
