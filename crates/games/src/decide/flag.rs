//! What operators are told is odd about a game, in one word each. Flags decide nothing: nobody is punished by one.

/// A report came close to the most the mode believes and waited for another player's word, or a review.
pub const NEAR_LIMIT: &str = "near_limit";
/// Reports contradicted each other.
pub const CONFLICT: &str = "conflict";
/// Too few of those still there reported.
pub const LONE_REPORT: &str = "lone_report";
/// A player doubts a result on which all reports agreed.
pub const DISPUTED: &str = "disputed";
/// A player said something about the result only after the evidence window.
pub const LATE_EVIDENCE: &str = "late_evidence";
