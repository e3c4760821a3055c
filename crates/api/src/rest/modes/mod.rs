//! The catalogue of modes. Public: a page may show it before anybody signs in.

pub(crate) mod get;
pub(crate) mod list;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    config.service(list::list).service(get::get);
}
