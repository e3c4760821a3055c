use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use kernel::PlayerId;
use players::Role;

use crate::app::App;
use crate::problem::Problem;
use crate::tokens::Caller;

/// A signed-in player with power. The role is read from the database with every call: taken away, it is gone at once.
pub(crate) struct Operator {
    /// Who.
    pub(crate) player: PlayerId,
    role: Role,
}

impl Operator {
    /// Goes on only for administrators.
    pub(crate) fn admin(&self) -> Result<PlayerId, Problem> {
        if self.role == Role::Admin { Ok(self.player) } else { Err(Problem::of("admin.not_allowed")) }
    }
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let caller = Caller::from_request(req, payload).into_inner();
        let app = req.app_data::<web::Data<App>>().cloned();
        Box::pin(async move {
            let (caller, app) = (caller?, app.ok_or_else(|| Problem::of("internal"))?);
            let player = app.players.get(caller.player).await.map_err(|error| app.refuse(error))?;
            let suspended = player.suspended_at(app.clock.now()).is_some();
            if player.role == Role::Player || suspended {
                return Err(Problem::of("admin.not_allowed"));
            }
            Ok(Self { player: player.id, role: player.role })
        })
    }
}
