//! What follows from results: ratings, stats, head-to-head, leaderboards.

mod boards;
mod head_to_head;
mod leaderboard;
mod ratings;
mod stats;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config
        .service(ratings::ratings)
        .service(stats::stats)
        .service(head_to_head::head_to_head)
        .service(boards::boards)
        .service(leaderboard::leaderboard);
}
