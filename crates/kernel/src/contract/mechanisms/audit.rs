//! What people with power did.

use serde_json::json;
use uuid::Uuid;

use super::MechanismsFixture;
use crate::contract::Pace;
use crate::{AuditEntry, Engage, Engagement, PageLimit, PlayerId, Riders, StoreError};

impl MechanismsFixture {
    fn deed(&self, actor: Option<PlayerId>, subject: &str, n: i64) -> AuditEntry {
        let at = self.clock.now().plus_millis(n * 1_000);
        AuditEntry {
            id: self.ids.uuid(at),
            actor,
            action: "game.void".to_owned(),
            subject: subject.to_owned(),
            reason: "ein „Grund“".to_owned(),
            data: json!({ "n": n, "odd": [1e16, -0.0, 2.5, null, u64::MAX] }),
            at,
        }
    }

    async fn audited(&self, subject: Option<&str>, after: Option<Uuid>, limit: u16) -> (Vec<AuditEntry>, Option<Uuid>) {
        let limit = PageLimit::new(limit).expect("within bounds");
        let page = self.audit.page(subject, after, limit).await.expect("readable");
        (page.items, page.next)
    }
}

/// All of them or those about one subject, as they were written; the last page says that it is the last.
pub async fn audit_entries_are_read_newest_first_in_pages(f: &MechanismsFixture, _: Pace) {
    let actor = f.player();
    let mut deeds = Vec::new();
    for n in 0..5 {
        let entry = f.deed((n != 3).then_some(actor), if n % 2 == 0 { "game:a" } else { "game:b" }, n);
        f.commit.commit(Riders { audit: Some(entry.clone()), ..Riders::default() }).await.expect("commits");
        deeds.insert(0, entry);
    }
    assert_eq!(f.audited(None, None, 5).await, (deeds.clone(), None));
    assert_eq!(f.audited(None, None, 2).await, (deeds[..2].to_vec(), Some(deeds[1].id)));
    assert_eq!(f.audited(None, Some(deeds[1].id), 3).await, (deeds[2..].to_vec(), None));
    let about: Vec<_> = deeds.iter().filter(|deed| deed.subject == "game:a").cloned().collect();
    assert_eq!(f.audited(Some("game:a"), None, 2).await, (about[..2].to_vec(), Some(about[1].id)));
    assert_eq!(f.audited(Some("game:a"), Some(about[1].id), 2).await, (about[2..].to_vec(), None));
    assert_eq!(f.audited(Some("game"), None, 2).await, (vec![], None));
}

/// Not if the deed is refused.
pub async fn an_audit_entry_is_written_with_its_deed(f: &MechanismsFixture, _: Pace) {
    let player = f.player();
    let engage = vec![Engage { player, from: f.game(), to: Engagement::Idle }];
    let audit = Some(f.deed(Some(player), "game:a", 0));
    let refused = f.commit.commit(Riders { engage, audit, ..Riders::default() }).await;
    assert!(matches!(refused, Err(StoreError::Engaged { .. })), "{refused:?}");
    assert_eq!(f.audited(None, None, 1).await, (vec![], None));
}
