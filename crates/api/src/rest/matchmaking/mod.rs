//! Quick Match: tickets, queues and ready checks.

pub(crate) mod answer;
pub(crate) mod cancel;
pub(crate) mod explain;
pub(crate) mod get;
pub(crate) mod join;
pub(crate) mod mine;
pub(crate) mod proposals;
pub(crate) mod queues;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config.service(join::join).service(mine::mine).service(get::get).service(cancel::cancel).service(queues::queues);
    config.service(explain::explain).service(proposals::get).service(answer::accept).service(answer::decline);
}
