//! Profiles.

mod erase;
mod export;
pub(crate) mod get;
pub(crate) mod me;
pub(crate) mod patch_me;
mod search;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn mount(config: &mut ServiceConfig<'_>) {
    // `me` before `{id}`: the first that matches serves.
    config.service(me::me).service(patch_me::patch_me).service(erase::erase).service(export::export);
    config.service(get::get).service(search::search);
}
