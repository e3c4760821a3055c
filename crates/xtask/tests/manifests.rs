//! What `deploy/base` promises: the environment, probes, sizes, rights and names that operators rely on. What is
//! expected stands here as YAML beside its place.

use std::fs;
use std::path::{Path, PathBuf};

use yaml_rust2::{Yaml, YamlLoader};

/// Places in the Deployment (keys in a row, numbers for lists), and what must stand there.
const DEPLOYMENT: &[(&str, &str)] = &[
    ("metadata name", "shallweplay-backend"),
    ("spec replicas", "2"),
    ("spec strategy", "{type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}"),
    ("spec selector matchLabels", SELECTOR),
    ("spec template metadata annotations prometheus.io/scrape", "'true'"),
    ("spec template metadata annotations prometheus.io/port", "'8080'"),
    ("spec template metadata annotations prometheus.io/path", "/metrics"),
    ("spec template spec serviceAccountName", "game-sa"),
    ("spec template spec automountServiceAccountToken", "false"),
    ("spec template spec hostNetwork", "false"),
    ("spec template spec hostPID", "false"),
    ("spec template spec hostIPC", "false"),
    ("spec template spec securityContext runAsNonRoot", "true"),
    ("spec template spec securityContext seccompProfile", "{type: RuntimeDefault}"),
    ("spec template spec containers 0 image", "game-shallweplay-backend-rust"),
    ("spec template spec containers 0 ports", "[{name: http, containerPort: 8080, protocol: TCP}]"),
    (
        "spec template spec containers 0 readinessProbe",
        "{httpGet: {path: /health, port: http}, initialDelaySeconds: 5, periodSeconds: 10, timeoutSeconds: 1}",
    ),
    (
        "spec template spec containers 0 livenessProbe",
        "{httpGet: {path: /health, port: http}, initialDelaySeconds: 10, periodSeconds: 30, timeoutSeconds: 1}",
    ),
    (
        "spec template spec containers 0 resources",
        "{requests: {cpu: 50m, memory: 64Mi}, limits: {cpu: 500m, memory: 256Mi}}",
    ),
    ("spec template spec containers 0 securityContext runAsNonRoot", "true"),
    ("spec template spec containers 0 securityContext allowPrivilegeEscalation", "false"),
    ("spec template spec containers 0 securityContext privileged", "false"),
    ("spec template spec containers 0 securityContext readOnlyRootFilesystem", "true"),
    ("spec template spec containers 0 securityContext capabilities", "{drop: [ALL]}"),
];

/// Places in the other documents, by kind.
const OTHERS: &[(&str, &str, &str)] = &[
    ("Service", "spec selector", SELECTOR),
    ("Service", "spec ports", "[{name: http, port: 8080, targetPort: http, protocol: TCP}]"),
    ("PodDisruptionBudget", "spec selector matchLabels", SELECTOR),
    ("PodDisruptionBudget", "spec maxUnavailable", "1"),
    ("NetworkPolicy", "spec podSelector matchLabels", SELECTOR),
    ("NetworkPolicy", "spec policyTypes", "[Ingress, Egress]"),
    ("ServiceAccount", "metadata name", "game-sa"),
    ("ServiceAccount", "automountServiceAccountToken", "false"),
    ("RoleBinding", "roleRef", "{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}"),
    ("RoleBinding", "subjects", "[{kind: ServiceAccount, name: game-sa, namespace: valina-rpg}]"),
    ("Kustomization", "namespace", "valina-rpg"),
    ("Kustomization", "images 0 name", "game-shallweplay-backend-rust"),
    ("Kustomization", "images 0 newTag", env!("CARGO_PKG_VERSION")),
];

const SELECTOR: &str = "{app.kubernetes.io/name: shallweplay-backend}";

/// Variables and their values; `FROM` marks those that only a Secret may hold.
const VARIABLES: [(&str, &str); 10] = [
    ("DATABASE_HOST", "game-postgres"),
    ("DATABASE_PORT", "5432"),
    ("DATABASE_NAME", "valina_game_db"),
    ("DATABASE_USER", "postgres"),
    ("DATABASE_PASSWORD", FROM),
    ("REDIS_URL", "redis://redis.valina.svc.cluster.local:6379/0"),
    ("AEGIS_URL", "http://aegis-approval.aegis.svc.cluster.local:8750"),
    ("LLM_BRIDGE_URL", "http://valina-rust-backend.valina.svc.cluster.local:8080/api"),
    ("RUST_LOG", "info"),
    ("SWP__AUTH__KEYS", FROM),
];
const FROM: &str = "(secret)";
/// Words in the name of a variable that make it a secret.
const SECRET_WORDS: [&str; 4] = ["PASSWORD", "SECRET", "TOKEN", "KEYS"];

/// What every object is found by.
const LABELS: [(&str, &str); 3] =
    [("app", "shallweplay-backend"), ("app.kubernetes.io/name", "shallweplay-backend"), ("tier", "backend")];

const ANNOTATIONS: [&str; 16] = [
    "description",
    "purpose",
    "architecture",
    "features",
    "flows",
    "dependencies",
    "dependents",
    "databases",
    "api-endpoints",
    "openapi-url",
    "economics",
    "owner",
    "repository",
    "changelog",
    "roadmap",
    "notices",
];

/// Within this the service has drained, in seconds.
const DRAIN: i64 = 25;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace's root").to_owned()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Names of the files in `deploy/base`, sorted.
fn files() -> Vec<String> {
    let entries = fs::read_dir(root().join("deploy/base")).expect("deploy/base is there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// All of `deploy/base` as one text of several documents.
fn base() -> String {
    files().iter().map(|name| read(&format!("deploy/base/{name}"))).collect::<Vec<_>>().join("\n---\n")
}

/// The value at a place; [`Yaml::BadValue`] where there is none.
fn at<'a>(value: &'a Yaml, place: &str) -> &'a Yaml {
    place.split(' ').fold(value, |value, step| match value {
        Yaml::Array(_) => step.parse().map_or(&Yaml::BadValue, |nth: usize| &value[nth]),
        _ => &value[step],
    })
}

/// Equality that doesn't mind the order of keys.
fn same(a: &Yaml, b: &Yaml) -> bool {
    match (a, b) {
        (Yaml::Hash(a), Yaml::Hash(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        (Yaml::Array(a), Yaml::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        _ => a == b,
    }
}

fn text(value: &Yaml) -> &str {
    value.as_str().unwrap_or_default()
}

fn items(value: &Yaml) -> &[Yaml] {
    value.as_vec().map_or(&[], Vec::as_slice)
}

/// One sentence for each promise that these documents break. `settings` is the page that lists the settings.
fn violations(documents: &str, settings: &str) -> Vec<String> {
    let documents = YamlLoader::load_from_str(documents).expect("deploy/base is YAML");
    let mut found = Vec::new();
    let of_kind =
        |kind: &str| documents.iter().find(|document| text(&document["kind"]) == kind).unwrap_or(&Yaml::BadValue);
    let deployment = of_kind("Deployment");
    let expected = DEPLOYMENT.iter().map(|(place, wanted)| ("Deployment", *place, *wanted));
    for (kind, place, wanted) in expected.chain(OTHERS.iter().copied()) {
        let wanted = &YamlLoader::load_from_str(wanted).expect("the expectation is YAML")[0];
        let is = at(of_kind(kind), place);
        if !same(is, wanted) {
            found.push(format!("{kind}, {place}: {is:?} instead of {wanted:?}."));
        }
    }
    for document in documents.iter().filter(|document| text(&document["kind"]) != "Kustomization") {
        let kind = text(&document["kind"]);
        if kind == "Secret" {
            found.push("A Secret is in the base: secrets are not committed.".to_owned());
        }
        labelled(&format!("{kind} metadata"), &document["metadata"]["labels"], &mut found);
    }
    labelled("the pods' metadata", at(deployment, "spec template metadata labels"), &mut found);
    for name in ANNOTATIONS {
        let annotation = &deployment["metadata"]["annotations"][format!("valina.ai/{name}").as_str()];
        if text(annotation).trim().is_empty() {
            found.push(format!("valina.ai/{name} says nothing."));
        }
    }
    let pod = at(deployment, "spec template spec");
    environment(items(at(pod, "containers 0 env")), settings, &mut found);
    let pause = at(pod, "containers 0 lifecycle preStop sleep seconds").as_i64();
    let grace = pod["terminationGracePeriodSeconds"].as_i64();
    if pause.zip(grace).is_none_or(|(pause, grace)| pause < 1 || pause + DRAIN >= grace) {
        found.push(format!("preStop ({pause:?} s) and {DRAIN} s of draining need less than the grace ({grace:?} s)."));
    }
    found
}

fn labelled(what: &str, labels: &Yaml, found: &mut Vec<String>) {
    for (name, wanted) in LABELS {
        if text(&labels[name]) != wanted {
            found.push(format!("{what}: label {name} must be {wanted}."));
        }
    }
}

fn environment(variables: &[Yaml], settings: &str, found: &mut Vec<String>) {
    for (name, wanted) in VARIABLES {
        let variable = variables.iter().find(|variable| text(&variable["name"]) == name);
        match variable {
            None => found.push(format!("{name} is not set.")),
            Some(variable) if wanted != FROM && text(&variable["value"]) != wanted => {
                found.push(format!("{name} is {:?} instead of {wanted}.", variable["value"]));
            }
            Some(_) => {}
        }
    }
    for variable in variables {
        let name = text(&variable["name"]);
        let secret = at(variable, "valueFrom secretKeyRef");
        let named = !text(&secret["name"]).is_empty() && !text(&secret["key"]).is_empty();
        if SECRET_WORDS.iter().any(|word| name.contains(word)) && !(named && variable["value"].is_badvalue()) {
            found.push(format!("{name} is a secret: only secretKeyRef may give it."));
        }
        if name.starts_with("SWP_") && !settings.contains(&format!("\n| `{name}` |")) {
            found.push(format!("{name} is no setting of docs/configuration.md."));
        }
    }
}

#[test]
fn the_base_keeps_its_promises() {
    let found = violations(&base(), &read("docs/configuration.md"));
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_file_is_applied() {
    let kustomization = YamlLoader::load_from_str(&read("deploy/base/kustomization.yaml")).expect("is YAML");
    let mut applied: Vec<&str> = items(&kustomization[0]["resources"]).iter().map(text).collect();
    applied.push("kustomization.yaml");
    applied.sort_unstable();
    assert_eq!(applied, files());
}

#[test]
fn planted_faults_are_found() {
    let cases = [
        ("replicas: 2", "replicas: 1", "spec replicas"),
        ("maxUnavailable: 0", "maxUnavailable: 1", "spec strategy"),
        ("initialDelaySeconds: 5\n", "initialDelaySeconds: 3\n", "readinessProbe"),
        ("periodSeconds: 30", "periodSeconds: 10", "livenessProbe"),
        ("memory: 256Mi", "memory: 512Mi", "resources"),
        ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem"),
        ("                - ALL\n", "                - NET_RAW\n", "capabilities"),
        ("      automountServiceAccountToken: false", "      automountServiceAccountToken: true", "automount"),
        ("terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 30", "preStop"),
        ("value: game-postgres", "value: localhost", "DATABASE_HOST"),
        ("            - name: RUST_LOG\n", "            - name: LOG\n", "RUST_LOG is not set"),
        ("valina.ai/owner: game services, namespace valina-rpg", "valina.ai/owner: ''", "valina.ai/owner"),
        ("SWP__HTTP__TRUSTED_HOPS", "SWP__HTTP__HOPS", "SWP__HTTP__HOPS is no setting"),
        ("                  key: auth-keys\n", "", "SWP__AUTH__KEYS is a secret"),
        ("kind: PodDisruptionBudget", "kind: Secret", "A Secret is in the base"),
        ("    tier: backend\nspec:\n  type: ClusterIP", "spec:\n  type: ClusterIP", "Service metadata: label tier"),
    ];
    let settings = read("docs/configuration.md");
    for (right, wrong, words) in cases {
        let documents = base();
        assert!(documents.contains(right), "{right:?} is not in the base any more");
        let found = violations(&documents.replace(right, wrong), &settings);
        assert!(found.iter().any(|sentence| sentence.contains(words)), "{wrong:?} gave {found:?}");
    }
}
