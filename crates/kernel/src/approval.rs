use std::borrow::Cow;
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::Value;

/// What somebody outside is asked to approve.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRequest {
    /// Whom or what it concerns, as an opaque text.
    pub subject: String,
    /// What kind of thing: `score.held`, `score.dispute`, `game.void`.
    pub kind: Cow<'static, str>,
    /// The thing itself.
    pub content: Value,
    /// What helps to judge it.
    pub context: Value,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Approved {
    /// Yes.
    Yes,
    /// No, and why.
    No(String),
    /// Not decided yet; ask again, or let a person decide.
    Pending,
}

/// The approval gate. It may take its time and never fails: whoever can't be asked has not decided yet.
#[async_trait]
pub trait Approval: Send + Sync {
    /// Asks once.
    async fn ask(&self, request: &ApprovalRequest) -> Approved;
}

/// A gate that always says the same, until it is told another answer; remembers what it was asked.
pub struct FixedApproval {
    answer: Mutex<Approved>,
    asked: Mutex<Vec<ApprovalRequest>>,
}

impl FixedApproval {
    /// One that gives this answer.
    #[must_use]
    pub const fn new(answer: Approved) -> Self {
        Self { answer: Mutex::new(answer), asked: Mutex::new(Vec::new()) }
    }

    /// Gives another answer from now on.
    pub fn set(&self, answer: Approved) {
        *self.answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = answer;
    }

    /// What it was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<ApprovalRequest> {
        self.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Approval for FixedApproval {
    async fn ask(&self, request: &ApprovalRequest) -> Approved {
        self.asked.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(request.clone());
        self.answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}
