//! scratch
use crate::worlds;
use kernel::*;
use matchmaking::*;
use std::time::Instant;
#[tokio::test(flavor = "multi_thread")]
async fn scratch_timing() {
    for pg in [true, false] {
        let w = if pg { worlds::on_postgres().await } else { worlds::on_sqlite().await };
        let mut tickets = vec![];
        let t0 = Instant::now();
        let n = 1024;
        for i in 0..n {
            let now = w.clock.now();
            let t = Ticket {
                id: TicketId::new(w.ids.uuid(now)),
                mode: "duel".into(),
                player_id: PlayerId::new(w.ids.uuid(now)),
                rating: 1500.0,
                deviation: 1.0,
                status: Status::Searching,
                created_at: now,
                expires_at: now.plus_millis(120000),
                ended_at: None,
                ended: None,
                game_id: None,
                proposal_id: None,
                estimated_wait_ms: WaitEstimate { low: 0, high: 1 },
                version: Version(1),
            };
            let receipt = (i % 2 == 0).then(|| Receipt {
                key: ReceiptKey { player: t.player_id, route: "x".into(), key: "k".into() },
                body_hash: [1; 32],
                outcome: serde_json::json!({"ticket": t.id}),
                at: now,
            });
            let riders = Riders {
                receipt,
                engage: vec![Engage { player: t.player_id, from: Engagement::Idle, to: Engagement::Ticket(t.id) }],
                ..Riders::default()
            };
            w.stores
                .tickets
                .commit(vec![TicketChange { expect: Version::NEW, ticket: t.clone() }], riders)
                .await
                .unwrap();
            tickets.push(t);
        }
        println!("pg={pg} join {:?} each", t0.elapsed() / n);
        struct M;
        #[async_trait::async_trait]
        impl Modes for M {
            async fn queue(&self, mode: &str) -> Result<Option<QueueSpec>, BoxError> {
                Ok(Some(QueueSpec {
                    mode: mode.into(),
                    teams: 2,
                    team_size: 1,
                    rated: true,
                    rating_family: "x".into(),
                    ready_ms: 20000,
                    ready_check: false,
                    enabled: true,
                }))
            }
            async fn queues(&self) -> Result<Vec<QueueSpec>, BoxError> {
                Ok(vec![])
            }
        }
        let mut l = ShardLeader::new(
            "duel",
            "a",
            Tuning::default(),
            LeaderPorts {
                store: w.stores.tickets.clone(),
                leases: w.stores.leases.clone(),
                modes: std::sync::Arc::new(M),
                ids: w.ids.clone(),
            },
        );
        let t0 = Instant::now();
        let step = l.step(w.clock.now(), vec![]).await.unwrap();
        println!("pg={pg} {step:?} in {:?}", t0.elapsed());
        let t0 = Instant::now();
        for _ in 0..100 {
            w.stores.tickets.waiting("duel", None, 1000).await.unwrap();
        }
        println!("pg={pg} waiting {:?}", t0.elapsed() / 100);

        if let Some(db) = w.guard.downcast_ref::<testkit::postgres::ScratchDatabase>() {
            let a = db.address();
            let sql = r#"
insert into tickets select gen_random_uuid(), case when i%3=0 then 'duel' else 'tic_tac_toe' end, gen_random_uuid(), 1500, 1, 'matched', now() - i*interval '1 second', now(), now() - i*interval '1 second', null, gen_random_uuid(), null, 1, 2, 2 from generate_series(1,200000) i;
insert into tickets select md5('t'||i)::uuid, 'duel', md5('p'||i)::uuid, 1500, 1, 'searching', now() - i*interval '100 millisecond', now() + interval '1 minute' - i*interval '100 millisecond', null, null, null, null, 1, 2, 1 from generate_series(1,500) i;
insert into engagements select md5('p'||i)::uuid, 'ticket', md5('t'||i)::uuid from generate_series(1,500) i;
insert into engagements select gen_random_uuid(), 'idle', null from generate_series(1,50000) i;
analyze;
prepare w(text, timestamptz, uuid, bigint) as SELECT t.* FROM tickets t JOIN engagements e ON e.player_id = t.player_id AND e.kind = 'ticket' AND e.subject = t.id WHERE t.status = 'searching' AND t.mode = $1 AND (t.created_at, t.id) > ($2, $3) ORDER BY t.created_at, t.id LIMIT $4;
explain analyze execute w('duel', now() - interval '2.5 second', '00000000-0000-0000-0000-000000000000', 1000);
explain analyze execute w('duel', '1970-01-01', '00000000-0000-0000-0000-000000000000', 1000);
set plan_cache_mode = force_generic_plan;
explain analyze execute w('duel', now() - interval '2.5 second', '00000000-0000-0000-0000-000000000000', 1000);
prepare d(timestamptz, bigint) as SELECT t.* FROM tickets t WHERE t.status = 'searching' AND t.expires_at <= $1 ORDER BY t.expires_at, t.id LIMIT $2;
explain analyze execute d(now(), 100);
prepare r(text, bigint) as SELECT rating, created_at, ended_at FROM tickets WHERE status IN ('matched', 'expired') AND mode = $1 ORDER BY ended_at DESC LIMIT $2;
explain analyze execute r('duel', 100);
prepare m(uuid, timestamptz, uuid, bigint) as SELECT t.* FROM tickets t WHERE t.player_id = $1 AND (t.created_at, t.id) < ($2, $3) ORDER BY t.created_at DESC, t.id DESC LIMIT $4;
explain analyze execute m(md5('p1')::uuid, now(), '00000000-0000-0000-0000-000000000000', 21);
explain analyze SELECT t.mode, count(*) AS searching FROM tickets t JOIN engagements e ON e.player_id = t.player_id AND e.kind = 'ticket' AND e.subject = t.id WHERE t.status = 'searching' GROUP BY t.mode;
"#;
            let out = std::process::Command::new("psql")
                .env("PGPASSWORD", &a.password)
                .args(["-h", &a.host, "-p", &a.port.to_string(), "-U", &a.user, "-d", &a.name, "-qAt", "-c"])
                .arg("select 1")
                .output();
            println!("{out:?}");
            std::fs::write("/tmp/mm.sql", sql).unwrap();
            let out = std::process::Command::new("psql")
                .env("PGPASSWORD", &a.password)
                .args([
                    "-h",
                    &a.host,
                    "-p",
                    &a.port.to_string(),
                    "-U",
                    &a.user,
                    "-d",
                    &a.name,
                    "-qAt",
                    "-f",
                    "/tmp/mm.sql",
                ])
                .output()
                .unwrap();
            println!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        }
    }
}
