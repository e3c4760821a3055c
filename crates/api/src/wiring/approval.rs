//! The gate that answers while no approval service is configured: by rules, so that play goes on.

use async_trait::async_trait;
use kernel::{Approval, ApprovalRequest, Approved};

/// Judges what can be judged without anybody's eyes.
pub(super) struct LocalApproval;

#[async_trait]
impl Approval for LocalApproval {
    async fn ask(&self, request: &ApprovalRequest) -> Approved {
        match &*request.kind {
            // Two words against two words: nobody here can know, and a game that nobody can decide counts for nothing.
            "score.dispute" => {
                Approved::No("the claims contradict each other, and nothing decides between them".into())
            }
            // A score near the limit, and no opponent who confirms it: somebody should look.
            "score.held" => Approved::Pending,
            // What an operator does with a reason.
            _ => Approved::Yes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[tokio::test]
    async fn it_decides_what_rules_can_and_leaves_the_rest_to_people() {
        let ask = async |kind: &'static str| {
            let request =
                ApprovalRequest { subject: "x".into(), kind: kind.into(), content: Value::Null, context: Value::Null };
            LocalApproval.ask(&request).await
        };
        assert!(matches!(ask("score.dispute").await, Approved::No(_)));
        assert_eq!(ask("score.held").await, Approved::Pending);
        assert_eq!(ask("game.void").await, Approved::Yes);
    }
}
