//! What operators do. Every deed has a reason and stands in the audit log.

mod amend;
mod audit;
mod disputes;
mod games;
mod modes;
mod players;
mod resolve;
mod void;

pub(super) use modes::again as mode_again;
use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config
        .service(modes::list)
        .service(modes::get)
        .service(modes::put)
        .service(void::void)
        .service(amend::amend)
        .service(disputes::disputes)
        .service(resolve::resolve)
        .service(games::games)
        .service(audit::audit)
        .service(players::patch);
}
