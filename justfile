# Short names for what cargo, cargo xtask and kubectl already do.

namespace := "valina-rpg"
app := "app.kubernetes.io/name=shallweplay-backend"

# What there is
default:
    @just --list

# Serve on 8080 with everything embedded
run:
    cargo run

# Two replicas on PostgreSQL and Redis behind one port
up *args:
    cargo xtask up {{args}}

# Private PostgreSQL and Redis: up, down or status
services what="status":
    cargo xtask services {{what}}

# Everything that is tested; with words, the Rust tests whose names have them
test *filter:
    cargo xtask test {{filter}}

# Formatting, lints, generated files, tests: what CI runs
ci:
    .ci/run

# Lints alone
lint:
    cargo fmt --check
    cargo clippy --workspace --all-targets -- -D warnings

# Format all sources
fmt:
    cargo fmt

# Write docs/openapi.json and docs/problem-codes.md anew
generate:
    cargo xtask generate

# Speed and memory of the release build
bench *names:
    cargo xtask bench {{names}}

# Licences, bans, sources and advisories (cargo install cargo-deny)
deny:
    cargo deny check

# The pods
pods:
    kubectl get pods -n {{namespace}} -l {{app}}

# Follow all replicas' logs
logs:
    kubectl logs -n {{namespace}} -l {{app}} --all-containers --prefix --tail=100 -f

# Change the number of replicas
scale replicas:
    kubectl scale deployment -n {{namespace}} -l {{app}} --replicas={{replicas}}

# Replace all pods, one after the other
restart:
    kubectl rollout restart deployment -n {{namespace}} -l {{app}}

# Watch a rollout
rollout:
    kubectl rollout status deployment -n {{namespace}} -l {{app}}
