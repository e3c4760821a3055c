use kernel::{FieldError, PlayerId, StoreError};

use super::{ATTEMPTS, Players, SignedIn};
use crate::{
    DisplayName, Error, Failures, Handle, HandleKey, HasherError, PasswordHash, Player, Secret, SecretHash,
    check_password, decide,
};

/// What somebody wants to register with, as typed.
#[derive(Debug, Clone)]
pub struct Registration {
    /// See [`Handle::parse`].
    pub handle: String,
    /// See [`check_password`].
    pub password: Secret,
    /// See [`DisplayName::parse`]; a guest keeps the present one without, somebody new gets the handle.
    pub display_name: Option<String>,
}

impl Players {
    /// Signs a new guest in: player, device and session in one commit. Without a name they get a generated one.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the name.
    pub async fn sign_in_new_guest(
        &self,
        display_name: Option<&str>,
        user_agent: Option<&str>,
    ) -> Result<SignedIn, Error> {
        let (now, ids) = (self.ports.clock.now(), &*self.ports.ids);
        let name = match display_name {
            Some(text) => DisplayName::parse(text).map_err(|error| Error::Invalid(vec![error]))?,
            None => DisplayName::generated(ids.seed()),
        };
        let guest = decide::new_player(PlayerId::new(ids.uuid(now)), name, now);
        let device_secret = Secret::new(ids.secret());
        let (session, refresh_token) = decide::start_session(&guest, user_agent, ids, now)?;
        let session_id = session.id;
        let change = decide::create_guest(guest, SecretHash::of(device_secret.expose()), session);
        let player = change.player.clone();
        self.ports.players.commit(change).await.map_err(Error::at("signing the guest in"))?;
        Ok(SignedIn { player, session_id, refresh_token, device_secret: Some(device_secret) })
    }

    /// Signs in whoever the device belongs to, guest or account by now.
    ///
    /// # Errors
    /// [`Error::UnknownDevice`], [`Error::Suspended`].
    pub async fn sign_in_device(&self, secret: &Secret, user_agent: Option<&str>) -> Result<SignedIn, Error> {
        let hash = SecretHash::of(secret.expose());
        let player = self.ports.players.by_device(&hash).await.map_err(Error::at("finding the device"))?;
        self.begin(player.ok_or(Error::UnknownDevice)?, user_agent).await
    }

    /// Makes an account, of the guest `identity` if there is one (the id stays, the device secret goes on working).
    ///
    /// # Errors
    /// [`Error::Invalid`] with every bad field, [`Error::HandleTaken`], [`Error::AlreadyRegistered`],
    /// [`Error::NotFound`] (no such guest), [`Error::Suspended`], [`Error::Busy`].
    pub async fn register(
        &self,
        identity: Option<PlayerId>,
        wanted: Registration,
        user_agent: Option<&str>,
    ) -> Result<SignedIn, Error> {
        let (handle, display_name) = check_registration(&wanted)?;
        // The cheap refusals first: hashing costs a hundred times as much. Both are checked again by the commit.
        if let Some(id) = identity
            && !self.get(id).await?.guest
        {
            return Err(Error::AlreadyRegistered);
        }
        let twin = self.ports.players.by_handle_key(&handle.key()).await.map_err(Error::at("looking the handle up"))?;
        if twin.is_some() {
            return Err(Error::HandleTaken);
        }
        let hash = self.hash(wanted.password).await?;
        let mut left = ATTEMPTS;
        loop {
            let (now, ids) = (self.ports.clock.now(), &*self.ports.ids);
            let before = match identity {
                Some(id) => self.get(id).await?,
                None => decide::new_player(PlayerId::new(ids.uuid(now)), DisplayName::from(&handle), now),
            };
            let (session, refresh_token) = decide::start_session(&before, user_agent, ids, now)?;
            let session_id = session.id;
            let change =
                decide::register(before, handle.clone(), display_name.clone(), hash.clone(), session, ids, now)?;
            let player = change.player.clone();
            left -= 1;
            match self.ports.players.commit(change).await {
                Ok(()) => return Ok(SignedIn { player, session_id, refresh_token, device_secret: None }),
                Err(StoreError::Taken("handle")) => return Err(Error::HandleTaken),
                Err(StoreError::Stale) if left > 0 => {}
                Err(error) => return Err(Error::at("registering")(error)),
            }
        }
    }

    /// Signs in with handle and password. An unknown handle and a wrong password get the same answer after the same
    /// work, and count towards the same lock-out.
    ///
    /// # Errors
    /// [`Error::BadCredentials`], [`Error::LockedOut`], [`Error::Suspended`] (only for the right password),
    /// [`Error::Busy`].
    pub async fn login(&self, handle: &str, password: Secret, user_agent: Option<&str>) -> Result<SignedIn, Error> {
        // No account has such a handle or password; that is public, but the answer and its duration stay the same.
        let possible = password.expose().chars().count() <= 128;
        let password = if possible { password } else { Secret::new("") };
        let Ok(handle) = Handle::parse(handle) else {
            self.verify(password, None).await?;
            return Err(Error::BadCredentials);
        };
        let key = handle.key();
        let seen = self.ports.guard.failures(&key).await.map_err(Error::at("reading failed sign-ins"))?;
        decide::check_lockout(seen, self.ports.clock.now())?;
        let found = self.ports.players.credentials(&key).await.map_err(Error::at("reading credentials"))?;
        // A handle that merely looks like the account's is not the account's.
        let found = found.filter(|found| found.player.handle.as_ref() == Some(&handle));
        let (player, hash) = found.map(|found| (found.player, found.password)).unzip();
        if let (true, Some(player)) = (self.verify(password, hash).await? && possible, player) {
            self.forget_failures(&key, seen).await?;
            return self.begin(player, user_agent).await;
        }
        let now = self.ports.clock.now();
        self.ports.guard.record_failure(&key, now).await.map_err(Error::at("counting a failed sign-in"))?;
        Err(Error::BadCredentials)
    }

    /// Clears the failures. Failures that came in while the password was being checked are looked at first, so that
    /// many guesses sent at once don't slip through before the first of them counts.
    async fn forget_failures(&self, key: &HandleKey, mut seen: Failures) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let left = self.ports.guard.clear(key, seen.count).await.map_err(Error::at("clearing failed sign-ins"))?;
            if left.count == 0 {
                break;
            }
            decide::check_lockout(left, self.ports.clock.now())?;
            seen = left;
        }
        Ok(())
    }

    async fn begin(&self, player: Player, user_agent: Option<&str>) -> Result<SignedIn, Error> {
        let (session, refresh_token) =
            decide::start_session(&player, user_agent, &*self.ports.ids, self.ports.clock.now())?;
        let session_id = session.id;
        match self.ports.sessions.start(session).await {
            // Suspended or erased since it was read.
            Err(StoreError::Stale) => {
                decide::start_session(&self.get(player.id).await?, None, &*self.ports.ids, self.ports.clock.now())?;
                return Err(Error::at("starting the session")(StoreError::Stale));
            }
            answer => answer.map_err(Error::at("starting the session"))?,
        }
        Ok(SignedIn { player, session_id, refresh_token, device_secret: None })
    }

    async fn hash(&self, password: Secret) -> Result<PasswordHash, Error> {
        let mut salt = [0; 16];
        self.ports.ids.fill(&mut salt);
        self.ports.hasher.hash(password, salt).await.map_err(hashing)
    }

    pub(super) async fn verify(&self, password: Secret, hash: Option<PasswordHash>) -> Result<bool, Error> {
        self.ports.hasher.verify(password, hash).await.map_err(hashing)
    }
}

fn hashing(error: HasherError) -> Error {
    match error {
        HasherError::Busy => Error::Busy,
        HasherError::Failed(source) => Error::Hashing(source),
    }
}

fn check_registration(wanted: &Registration) -> Result<(Handle, Option<DisplayName>), Error> {
    let handle = Handle::parse(&wanted.handle);
    let password = check_password(&wanted.password, handle.as_ref().ok());
    let name = wanted.display_name.as_deref().map(DisplayName::parse).transpose();
    match (handle, password, name) {
        (Ok(handle), Ok(()), Ok(name)) => Ok((handle, name)),
        (handle, password, name) => {
            let errors: [Option<FieldError>; 3] = [handle.err(), password.err(), name.err()];
            Err(Error::Invalid(errors.into_iter().flatten().collect()))
        }
    }
}
