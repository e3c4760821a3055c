use super::*;

fn settings(pairs: &[(&str, &str)]) -> Result<Settings, ConfigError> {
    let variables = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::from_variables(&variables.collect(), false)
}

#[test]
fn defaults_are_all_embedded() {
    let settings = settings(&[]).expect("nothing is needed");
    assert!(settings.is_embedded());
    assert_eq!((settings.sections.http.port, settings.sections.limits.auth_per_minute), (8080, 30));
}

#[test]
fn the_service_cards_variables_choose_the_adapters() {
    let settings =
        settings(&[("DATABASE_HOST", "db"), ("DATABASE_PASSWORD", "hunter22"), ("REDIS_URL", "redis://r/0")])
            .expect("is well formed");
    let postgres = settings.postgres.as_ref().expect("a host is set");
    assert_eq!((postgres.host.as_str(), postgres.port), ("db", 5432));
    assert!(!settings.is_embedded());
    let printed = format!("{settings:?}");
    assert!(!printed.contains("hunter22") && !printed.contains("redis://"), "{printed}");
}

#[test]
fn the_fixed_names_are_settings() {
    let keys = known_keys();
    for name in [
        "HTTP__PORT",
        "HTTP__HOST",
        "HTTP__ORIGINS",
        "HTTP__TRUSTED_HOPS",
        "SQLITE__PATH",
        "AUTH__KEYS",
        "LIMITS__AUTH_PER_MINUTE",
        "LIMITS__WRITE_PER_MINUTE",
        "LIMITS__READ_PER_MINUTE",
        "LIMITS__MESSAGES_PER_SECOND",
        "REALTIME__MAX_SOCKETS",
        "GAMES__GRACE_MS",
        "GAMES__READY_MS",
        "GAMES__REPORT_WINDOW_MS",
        "MATCHMAKING__TICKET_TTL_MS",
        "MODES__FILE",
        "ADMIN__BOOTSTRAP_HANDLE",
        "ADMIN__BOOTSTRAP_PASSWORD",
    ] {
        assert!(keys.contains(&format!("SWP__{name}")), "SWP__{name}");
    }
}

#[test]
fn the_environment_sets_and_odd_names_are_told() {
    let settings = settings(&[
        ("SWP__HTTP__PORT", "9000"),
        ("SWP__GAMES__READY_MS", "1500"),
        ("SWP__MATCHMAKING__TICKET_TTL_MS", "7000"),
        ("SWP__HTTP__PROT", "1"),
    ])
    .expect("is well formed");
    assert_eq!(settings.sections.http.port, 9000);
    assert_eq!(settings.sections.games.ready_ms, Some(1_500));
    assert_eq!(settings.sections.matchmaking.ticket_ttl_ms, 7_000);
    assert!(settings.warnings[0].contains("SWP__HTTP__PROT"));
}

#[test]
fn wrong_values_are_told_in_a_sentence() {
    let error = settings(&[("SWP__HTTP__PORT", "lots")]).expect_err("is no port");
    assert!(error.to_string().contains("port"), "{error}");
    for name in ["SWP__HTTP__WORKERS", "SWP__GAMES__READY_MS", "SWP__MATCHMAKING__TICKET_TTL_MS"] {
        let error = settings(&[(name, "0")]).expect_err("can't be meant");
        assert!(error.to_string().contains(name), "{error}");
    }
    let error = settings(&[("DATABASE_HOST", "db"), ("DATABASE_PORT", "x")]).expect_err("is no port");
    assert!(error.to_string().contains("DATABASE_PORT"), "{error}");
}
