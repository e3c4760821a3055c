//! Invitations to games, for those who got them.

pub(crate) mod accept;
mod cancel;
pub(crate) mod decline;
mod list;
pub(crate) mod redeem;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config
        .service(list::list)
        .service(accept::accept)
        .service(decline::decline)
        .service(cancel::cancel)
        .service(redeem::redeem);
}
