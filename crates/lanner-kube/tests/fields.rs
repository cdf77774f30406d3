//! Every field of every real event, against a naive extraction from a tree
//! that `serde_json` made; and a table of values for one event.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bumpalo::Bump;
use common::oracle::{at, expected};
use lanner_event::{EventSource, Value, Values, catalog};
use lanner_kube::json::Index;
use lanner_kube::{AuditEvent, Input, KubeSource, ScanOptions, Scanner, event};
use lanner_testing::captures;
use serde_json::{Value as Json, json};

fn values(event: &AuditEvent<'_>, field: &str, argument: Option<&str>) -> Vec<String> {
    let extractor = KubeSource::compile(field, argument).unwrap();
    let arena = Bump::new();
    let mut out = Values::new_in(&arena);
    KubeSource::extract(&extractor, event, &arena, &mut out);
    let text = |value: &Value<'_>| match value {
        Value::Str(text) => String::from_utf8(text.to_vec()).unwrap(),
        Value::U64(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        other => panic!("{field}: {other:?}"),
    };
    out.iter().map(text).collect()
}

/// The arguments to try a field with.
fn arguments(kind: &str, field: &str) -> Vec<Option<&'static str>> {
    match (kind, field) {
        ("-", _) => vec![None],
        ("index?", _) => vec![None, Some("0"), Some("1")],
        (_, "ka.uri.param") => vec![
            Some("limit"),
            Some("fieldManager"),
            Some("command"),
            Some("watch"),
        ],
        (_, "ka.req.volume.hostpath") => vec![Some("/proc*"), Some("/etc"), Some("*"), Some("/")],
        _ => vec![Some("x")],
    }
}

fn compare(
    event: &AuditEvent<'_>,
    fields: &[catalog::Field],
    seen: &mut BTreeMap<&'static str, usize>,
) {
    let tree: Json = serde_json::from_slice(event.root().raw()).unwrap();
    for field in fields.iter().filter(|field| field.name.starts_with("ka.")) {
        for argument in arguments(field.argument, field.name) {
            let ours = values(event, field.name, argument);
            let mut theirs = expected(&tree, field.name, argument).unwrap_or_default();
            // A volume's keys come in the order of the record.
            let mut ours = ours;
            if field.name.ends_with("volume_type") {
                ours.sort();
                theirs.sort_by_key(Json::to_string);
            }
            assert_eq!(ours.len(), theirs.len(), "{} of {tree}", field.name);
            for (ours, theirs) in ours.iter().zip(&theirs) {
                let same = match theirs {
                    Json::String(text) => ours == text,
                    other => serde_json::from_str::<Json>(ours).unwrap() == *other,
                };
                assert!(same, "{}[{argument:?}]: {ours} is not {theirs}", field.name);
            }
            assert!(
                ours.len() < 2 || field.flags.contains(&"list"),
                "{}",
                field.name
            );
            *seen.entry(field.name).or_default() += usize::from(!ours.is_empty());
        }
    }
    for (pointer, path) in [
        ("/user/username", "user.username"),
        ("/objectRef", "objectRef"),
        ("responseStatus/code", "responseStatus.code"),
    ] {
        let ours = values(event, "jevt.value", Some(pointer));
        let theirs = at(&tree, path).map(|value| match value {
            Json::String(text) => Json::from(text.as_str()),
            other => other.clone(),
        });
        assert_eq!(ours.len(), usize::from(theirs.is_some()));
        if let (Some(ours), Some(theirs)) = (ours.first(), theirs) {
            assert!(
                theirs.as_str() == Some(ours)
                    || serde_json::from_str::<Json>(ours).unwrap() == theirs
            );
        }
    }
    for whole in ["jevt.obj", "json.obj", "evt.plugininfo"] {
        let text = &values(event, whole, None)[0];
        assert_eq!(serde_json::from_str::<Json>(text).unwrap(), tree);
    }
}

fn kube_fields() -> Vec<catalog::Field> {
    catalog::fields()
        .into_iter()
        .filter(|field| field.source != "syscall")
        .collect()
}

#[test]
fn every_field_of_the_catalogue_compiles() {
    let fields = kube_fields();
    assert!(fields.len() > 110);
    for field in &fields {
        let good = arguments(field.argument, field.name)[0];
        assert!(
            KubeSource::compile(field.name, good).is_ok(),
            "{}",
            field.name
        );
        let bad = if field.argument == "key!" {
            None
        } else {
            Some("x")
        };
        assert!(
            KubeSource::compile(field.name, bad).is_err(),
            "{}",
            field.name
        );
    }
    for field in [
        "ka.nothing",
        "ka.req.pod.containers.nothing",
        "ka.req.pod.ephemeralContainers.host_port",
        "proc.name",
        "",
    ] {
        assert!(KubeSource::compile(field, None).is_err(), "{field}");
    }
    let error =
        KubeSource::compile("ka.req.service.ports", Some("99999999999999999999")).unwrap_err();
    assert!(error.message.contains("too large"));
}

#[test]
fn real_events_agree_with_a_naive_extraction() {
    let Some(captures) = captures() else { return };
    let files = |folder: &str, end: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(captures.join(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.to_string_lossy().ends_with(end))
            .collect()
    };
    let mut paths = files("k8s_audit/inputs", ".json");
    paths.extend(files("apiserver", ".audit.log.gz"));
    let fields = kube_fields();
    let mut seen = BTreeMap::new();
    let inputs = paths.iter().cloned().map(Input::Path).collect();
    let mut scanner = Scanner::new(inputs, ScanOptions::default());
    while !scanner
        .step(1 << 20, &mut |event| compare(event, &fields, &mut seen))
        .is_ok_and(|progress| progress.finished)
    {}
    let stats = scanner.stats();
    // The one file that is no event: {"kind": 0}.
    assert_eq!(stats.total.skipped, 1);
    assert!(stats.inputs.iter().all(|input| input.error.is_none()));
    // 2,308 of the three logs, and 1 to 6 of each of the 31 other files.
    assert!(stats.total.events > 2339);
    for field in [
        "ka.user.name",
        "ka.req.pod.containers.image",
        "ka.req.role.rules.verbs",
        "ka.req.binding.subjects",
        "ka.uri.param",
        "ka.req.service.ports",
    ] {
        assert!(seen[field] > 0, "no event has {field}");
    }
}

/// An event with a value for every field.
fn full() -> Json {
    let container = |name: &str| {
        json!({
            "name": name, "image": format!("reg/{name}:1@sha256:0"), "args": ["-c", "a b"], "command": ["sh", "-x"],
            "ports": [{"hostPort": 80, "containerPort": 1}, {"containerPort": 2}, {"protocol": "TCP"}],
            "securityContext": {
                "privileged": true, "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
                "runAsUser": 7, "runAsGroup": 8, "procMount": "Unmasked", "capabilities": {"add": ["NET_ADMIN", "SYS_ADMIN"]}
            }
        })
    };
    json!({
        "kind": "Event", "auditID": "id", "stage": "ResponseComplete", "verb": "create",
        "requestURI": "/api/v1/x?limit=5&command=sh&watch", "userAgent": "kubectl",
        "stageTimestamp": "2024-05-01T12:34:56.789012Z", "sourceIPs": ["10.0.0.1", "::1"],
        "user": {"username": "jane", "groups": ["a", "b"]}, "impersonatedUser": {"username": "root"},
        "objectRef": {"resource": "pods", "namespace": "ns", "name": "p"},
        "responseStatus": {"code": 403, "reason": "Forbidden"},
        "responseObject": {"metadata": {"name": "p-xyz"}},
        "annotations": {
            "authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "because",
            "authentication.openshift.io/decision": "deny", "authentication.openshift.io/username": "os",
            "validation.policy.admission.k8s.io/validation_failure": "[]",
            "pod-security.kubernetes.io/audit-violations": "bad", "cluster_name": "c1"
        },
        "requestObject": {
            "roleRef": {"name": "cluster-admin"}, "data": {"key": "va\"l & ue"},
            "subjects": [{"kind": "User", "name": "u"}, {"kind": "Group", "name": "g"},
                {"kind": "ServiceAccount", "name": "s", "namespace": "n"}, {"kind": "ServiceAccount", "name": "t"}, {"name": "x"}],
            "rules": [{"verbs": ["get", "*"], "apiGroups": [""], "resources": ["pods"]}, {"verbs": ["list"], "nonResourceURLs": ["/x"]}],
            "spec": {
                "type": "NodePort", "ports": [{"port": 1}, {"port": 2}],
                "hostIPC": true, "hostPID": false, "hostNetwork": true,
                "securityContext": {"runAsUser": 1, "runAsGroup": 2, "fsGroup": 3, "supplementalGroups": [4, 5]},
                "volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "hostPath": {"path": "/proc/1"}}, {"flexVolume": {"driver": "d"}, "name": "c"}],
                "containers": [container("one"), {"name": "two", "image": "img"}],
                "initContainers": [container("init")],
                "ephemeralContainers": [container("eph")]
            }
        }
    })
}

#[test]
fn every_field_has_a_value_in_a_full_event() {
    let text = full().to_string();
    let mut index = Index::new();
    let event = event::parse(text.as_bytes(), &mut index).unwrap();
    let mut seen = BTreeMap::new();
    compare(&event, &kube_fields(), &mut seen);
    let without: Vec<_> = seen
        .iter()
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| name)
        .collect();
    assert!(
        without.is_empty() || without == [&"ka.target.subresource"],
        "{without:?}"
    );
}

/// Values written down by hand: the naive extraction has no say in these.
#[test]
fn values_of_a_full_event() {
    let text = full().to_string();
    let mut index = Index::new();
    let mut event = event::parse(text.as_bytes(), &mut index).unwrap();
    event.context = event::Context {
        number: 3,
        first_ns: event.time_ns() - 1_000_000_001,
        hostname: Some("box"),
        utc_offset: 7200,
    };
    let table: [(&str, Option<&str>, &[&str]); 41] = [
        ("ka.user.groups", None, &["a", "b"]),
        ("ka.sourceips", Some("1"), &["::1"]),
        ("ka.sourceips", Some("2"), &[]),
        ("ka.response.code", None, &["403"]),
        ("ka.uri.param", Some("command"), &["sh"]),
        ("ka.uri.param", Some("watch"), &[""]),
        ("ka.uri.param", Some("no"), &[]),
        ("ka.target.subresource", None, &[]),
        ("ka.target.pod.name", None, &["p-xyz"]),
        (
            "ka.req.binding.subjects.serviceaccount_ns_names",
            None,
            &["n:s"],
        ),
        (
            "ka.req.binding.subjects.serviceaccount_names",
            None,
            &["s", "t"],
        ),
        ("ka.req.configmap.obj", None, &[r#"{"key":"va\"l & ue"}"#]),
        (
            "ka.req.pod.containers.image.repository",
            None,
            &["reg/one", "img"],
        ),
        ("ka.req.pod.containers.args", None, &["-c a b"]),
        ("ka.req.pod.containers.command", Some("1"), &[]),
        ("ka.req.pod.containers.host_port", None, &["80", "2"]),
        ("ka.req.pod.containers.eff_run_as_user", None, &["7", "1"]),
        ("ka.req.pod.containers.eff_run_as_user", Some("1"), &["1"]),
        ("ka.req.pod.containers.run_as_user", None, &["7"]),
        (
            "ka.req.pod.containers.add_capabilities",
            None,
            &[r#"["NET_ADMIN","SYS_ADMIN"]"#],
        ),
        ("ka.req.pod.ephemeralContainers.privileged", None, &["true"]),
        ("ka.req.role.rules.verbs", None, &["get", "*", "list"]),
        ("ka.req.role.rules.verbs", Some("1"), &["list"]),
        (
            "ka.req.service.ports",
            None,
            &[r#"[{"port":1},{"port":2}]"#],
        ),
        ("ka.req.service.ports", Some("1"), &[r#"{"port":2}"#]),
        ("ka.req.pod.volumes.hostpath", None, &["/proc/1"]),
        ("ka.req.pod.volumes.hostpath", Some("0"), &[]),
        ("ka.req.volume.hostpath", Some("/proc*"), &["true"]),
        ("ka.req.volume.hostpath", Some("/proc"), &["false"]),
        (
            "ka.req.pod.volumes.volume_type",
            None,
            &["emptyDir", "hostPath", "flexVolume"],
        ),
        ("evt.num", None, &["3"]),
        ("evt.time", None, &["14:34:56.789012000"]),
        ("evt.datetime.s", None, &["2024-05-01 14:34:56"]),
        (
            "evt.time.iso8601",
            None,
            &["2024-05-01T12:34:56.789012000+0000"],
        ),
        ("evt.rawtime.s", None, &["1714566896"]),
        ("evt.reltime", None, &["1000000001"]),
        ("evt.reltime.ns", None, &["1"]),
        ("evt.hostname", None, &["box"]),
        ("evt.asynctype", None, &[]),
        ("jevt.rawtime", None, &["1714566896789012000"]),
        (
            "jevt.value",
            Some("/requestObject/rules/1/verbs/0"),
            &["list"],
        ),
    ];
    for (field, argument, expected) in table {
        assert_eq!(
            values(&event, field, argument),
            expected,
            "{field}[{argument:?}]"
        );
    }
    assert_eq!(values(&event, "evt.pluginname", None), ["k8saudit"]);
    assert_eq!(values(&event, "evt.source", None), ["k8s_audit"]);
    assert_eq!(values(&event, "evt.is_async", None), ["false"]);
}

#[test]
fn odd_values() {
    let record = br#"{"kind":"Event","auditID":"i","stageTimestamp":"2024-05-01T00:00:00Z","verb":null,"stage":["a" , {"b":"\u0026 c"}],"user":"x","objectRef":{"name":"a\u0026\n"},"requestObject":{"spec":{"containers":[{"name":"a","command":"sh"},{"image":"i","args":[1]}],"volumes":[[{"hostPath":{"path":"/a"}}],null]}}}"#;
    let mut index = Index::new();
    let event = event::parse(record, &mut index).unwrap();
    for (field, expected) in [
        ("ka.verb", &["null"][..]),
        ("ka.stage", &[r#"["a",{"b":"\u0026 c"}]"#]),
        ("ka.user.name", &[]),
        ("ka.target.name", &["a&\n"]),
        ("ka.req.pod.containers.name", &[]),
        ("ka.req.pod.containers.command", &[]),
        ("ka.req.pod.containers.args", &[]),
        ("ka.req.pod.containers.eff_run_as_user", &["0", "0"]),
        ("ka.req.pod.volumes.hostpath", &["/a"]),
    ] {
        assert_eq!(values(&event, field, None), expected, "{field}");
    }
    let bare = br#"{"kind":"Event","stageTimestamp":"2024-05-01T00:00:00Z","verb":"get"}"#;
    let mut index = Index::new();
    let event = event::parse(bare, &mut index).unwrap();
    assert_eq!(
        values(&event, "ka.verb", None),
        [""; 0],
        "ka.* needs an auditID"
    );
    assert_eq!(values(&event, "jevt.value", Some("/verb")), ["get"]);
}
