//! The HTTP server: which address is served by what.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::middleware::{Compress, from_fn};
use actix_web::{App as ActixApp, HttpRequest, HttpResponse, HttpServer, dev, web};
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa::OpenApi;
use utoipa_actix_web::{AppExt, scope};
use utoipa_swagger_ui::SwaggerUi;

use crate::app::App;
use crate::docs::Document;
use crate::edge;
use crate::problem::Problem;
use crate::{assets, health, rest, ws};

/// Where the API stands.
const BASE: &str = "/api/v1";

/// The OpenAPI document, collected from the endpoints that are mounted.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    let app = ActixApp::new().into_utoipa_app().openapi(Document::openapi());
    app.service(scope::scope(BASE).configure(rest::mount)).split_for_parts().1
}

/// Which methods each documented address takes: for telling 405 from 404.
pub(crate) struct Routes(Vec<(dev::ResourceDef, Vec<Method>)>);

impl Routes {
    fn of(document: &utoipa::openapi::OpenApi) -> Self {
        let methods = |item: &utoipa::openapi::PathItem| {
            [
                (Method::GET, item.get.is_some()),
                (Method::POST, item.post.is_some()),
                (Method::PUT, item.put.is_some()),
                (Method::PATCH, item.patch.is_some()),
                (Method::DELETE, item.delete.is_some()),
            ]
            .into_iter()
            .filter_map(|(method, there)| there.then_some(method))
            .collect()
        };
        let route =
            |(path, item): (&String, &utoipa::openapi::PathItem)| (dev::ResourceDef::new(path.as_str()), methods(item));
        Self(document.paths.paths.iter().map(route).collect())
    }
}

/// What no route took: 405 where another method would do, else 404.
async fn unmatched(req: HttpRequest, routes: web::Data<Routes>) -> Result<HttpResponse, Problem> {
    let mut allowed: Vec<&Method> = Vec::new();
    for (route, methods) in &routes.0 {
        if route.is_match(req.path()) {
            allowed.extend(methods);
        }
    }
    if allowed.is_empty() || allowed.contains(&req.method()) {
        return Err(Problem::of("request.not_found"));
    }
    let allowed: Vec<&str> = allowed.into_iter().map(Method::as_str).collect();
    Err(Problem::of("request.method_not_allowed").allow(allowed.join(", ")))
}

async fn metrics(handle: web::Data<PrometheusHandle>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(handle.render())
}

/// Binds and starts serving; signals are the caller's business.
///
/// # Errors
/// If the address can't be bound.
pub(crate) fn start(
    app: Arc<App>,
    recorder: PrometheusHandle,
    host: &str,
    port: u16,
    workers: usize,
) -> std::io::Result<(dev::Server, Vec<std::net::SocketAddr>)> {
    let app = web::Data::from(app);
    let document = document();
    let routes = web::Data::new(Routes::of(&document));
    let openapi = web::Bytes::from(crate::docs::openapi_json());
    let asyncapi = web::Bytes::from(crate::asyncapi::asyncapi_json());
    let recorder = web::Data::new(recorder);
    let socket_io = Arc::new(ws::Endpoint::of(&app));
    #[cfg(feature = "conformance")]
    let (namespaces, engine) = (Arc::new(ws::Endpoint::namespaces()), Arc::new(ws::Endpoint::engine()));
    let sessions = if cfg!(feature = "conformance") { "/sessions.io" } else { "/socket.io" };
    let server = HttpServer::new(move || {
        let (openapi, asyncapi) = (openapi.clone(), asyncapi.clone());
        let document = |body: web::Bytes| {
            web::get().to(move || {
                let body = body.clone();
                async move { HttpResponse::Ok().content_type("application/json").body(body) }
            })
        };
        let server = ActixApp::new()
            .app_data(app.clone())
            .app_data(routes.clone())
            .app_data(recorder.clone())
            .wrap(from_fn(edge::layer))
            .wrap(edge::cors(&app.settings.origins))
            .wrap(Compress::default())
            .service(web::scope(BASE).configure(rest::mount_alone))
            .route("/health", web::get().to(health::health))
            .route("/health/live", web::get().to(health::live))
            .route("/health/ready", web::get().to(health::ready))
            .route("/metrics", web::get().to(metrics))
            .route("/ws", web::get().to(ws::upgrade))
            .service(ws::mount_engine(sessions, Arc::clone(&socket_io)))
            .route("/api/openapi.json", document(openapi))
            .route("/api/asyncapi.json", document(asyncapi))
            .service(SwaggerUi::new("/api/docs/{_:.*}").config(utoipa_swagger_ui::Config::from("/api/openapi.json")))
            .service(web::redirect("/api/docs", "/api/docs/"))
            .configure(assets::mount)
            .default_service(web::route().to(unmatched));
        #[cfg(feature = "conformance")]
        let server = server
            .service(ws::mount_engine("/socket.io", Arc::clone(&namespaces)))
            .service(ws::mount_engine("/engine.io", Arc::clone(&engine)));
        server
    })
    .workers(workers)
    .disable_signals()
    .on_connect(ws::tune)
    .client_request_timeout(std::time::Duration::from_secs(5))
    .client_disconnect_timeout(std::time::Duration::from_secs(2))
    .keep_alive(std::time::Duration::from_secs(75))
    .shutdown_timeout(10)
    .bind((host, port))?;
    let addresses = server.addrs();
    Ok((server.run(), addresses))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_has_an_id_of_its_own_and_a_default_problem() {
        let mut ids = BTreeSet::new();
        for (path, item) in super::document().paths.paths {
            let operations = [item.get, item.post, item.put, item.patch, item.delete].into_iter().flatten();
            for operation in operations {
                let id = operation.operation_id.expect("utoipa gives one");
                assert!(ids.insert(id.clone()), "{id} stands twice, at {path}, too");
                assert!(operation.responses.responses.contains_key("default"), "{path} names no problem");
            }
        }
        assert!(ids.len() >= 23, "{ids:?}");
    }
}
