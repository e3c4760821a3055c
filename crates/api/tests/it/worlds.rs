//! The same test in both worlds.

/// Makes a module of each `async fn name(app: TestApp)`, with one test per world. Settings in brackets go to every
/// replica: `in_both_worlds!(plays, aborts ["SWP__GAMES__READY_MS" = "1500"])`.
macro_rules! in_both_worlds {
    ($($name:ident $([$($key:literal = $value:expr),+ $(,)?])?),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test]
                async fn $name() {
                    let setup = crate::app::Setup::embedded()$($(.with($key, $value))+)?;
                    super::$name(setup.start().await).await;
                }
            )+
        }
        mod two_replicas {
            $(
                #[tokio::test]
                async fn $name() {
                    let setup = crate::app::Setup::networked(2)$($(.with($key, $value))+)?;
                    super::$name(setup.start().await).await;
                }
            )+
        }
    };
}

/// The same with a first administrator, whom [`crate::staff::admin`] signs in.
macro_rules! in_both_worlds_with_operators {
    ($($name:ident),+ $(,)?) => {
        in_both_worlds!($($name [
            "SWP__ADMIN__BOOTSTRAP_HANDLE" = crate::staff::HANDLE,
            "SWP__ADMIN__BOOTSTRAP_PASSWORD" = crate::staff::PASSWORD,
        ]),+);
    };
}
