//! What managed clusters wrap their audit events in.

mod common;

use common::{bytes, event, scan, scan_bytes};
use lanner_kube::ScanOptions;
use serde_json::{Value as Json, json};

fn only(json: &Json) -> Json {
    for text in [
        json.to_string(),
        serde_json::to_string_pretty(json).unwrap(),
        format!("[{json}]"),
    ] {
        let scanned = scan_bytes(text.as_bytes());
        assert_eq!(scanned.reasons(), [], "{text}");
        assert_eq!(scanned.events.len(), 1, "{text}");
        if text.starts_with('[') {
            return serde_json::from_slice(&scanned.events[0]).unwrap();
        }
    }
    unreachable!()
}

#[test]
fn cloudwatch() {
    let (a, b) = (event("a", r#","x":"\u0026\"\\""#), event("b", ""));
    let message = |text: &str| json!({"id": "1", "timestamp": 1, "message": text});
    let subscription = json!({
        "messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/aws/eks/c/cluster",
        "logStream": "kube-apiserver-audit-0", "logEvents": [message(&a), message(&b)]
    });
    let filtered = json!({"events": [message(&a), message(&b)], "searchedLogStreams": []});
    let insights = [
        json!({"@message": a, "@timestamp": "x"}),
        json!({"@message": b}),
    ];
    for text in [
        subscription.to_string(),
        serde_json::to_string_pretty(&filtered).unwrap(),
        Json::from(insights.to_vec()).to_string(),
        format!("{}\n{}", message(&a), message(&b)),
    ] {
        let scanned = scan_bytes(text.as_bytes());
        assert_eq!(scanned.reasons(), [], "{text}");
        assert_eq!(scanned.ids(), ["a", "b"], "{text}");
        assert_eq!(scanned.events[0], a.as_bytes());
    }
    // Cut messages, other logs of the control plane, and nonsense.
    let odd = json!({"logEvents": [
        message(&format!("{}[Truncated...]", &a[..40])), message("I0501 klog text"),
        message(&a), message("{\"kind\":"), {"message": 7}
    ]});
    let scanned = scan_bytes(odd.to_string().as_bytes());
    assert_eq!(scanned.ids(), ["a"]);
    let reasons: Vec<_> = scanned.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "message was truncated before it came here",
            "in the wrapped event: truncated JSON at byte 8",
            "not an audit event: message is a number"
        ]
    );
    assert_eq!(
        (scanned.stats.total.truncated, scanned.stats.total.ignored),
        (2, 1)
    );
}

fn log_entry(method: &str, resource: &str) -> Json {
    json!({
        "insertId": "i-1", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "receiveTimestamp": "2024-05-01T00:00:00.123456789Z", "timestamp": "2024-05-01T00:00:01Z",
        "labels": {"authorization.k8s.io/decision": "allow", "cluster_name": "no"},
        "resource": {"type": "k8s_cluster", "labels": {"cluster_name": "c1", "project_id": "p"}},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "k8s.io",
            "methodName": method, "resourceName": resource,
            "authenticationInfo": {"principalEmail": "jane@x"},
            "requestMetadata": {"callerIp": "10.0.0.1", "callerSuppliedUserAgent": "kubectl"},
            "request": {"kind": "Pod", "spec": {"hostPID": true}}
        }
    })
}

#[test]
fn cloud_logging() {
    let found = only(&log_entry(
        "io.k8s.core.v1.pods.create",
        "core/v1/namespaces/ns/pods/p",
    ));
    let expected = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "i-1",
        "stage": "ResponseComplete", "requestURI": "/core/v1/namespaces/ns/pods/p", "verb": "create",
        "user": {"username": "jane@x"}, "sourceIPs": ["10.0.0.1"], "userAgent": "kubectl",
        "objectRef": {"resource": "pods", "namespace": "ns", "name": "p", "apiGroup": "core", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "status": "Created (inferred)", "message": "Created (inferred)", "code": 201},
        "requestObject": {"kind": "Pod", "spec": {"hostPID": true}},
        "requestReceivedTimestamp": "2024-05-01T00:00:00.123456Z", "stageTimestamp": "2024-05-01T00:00:00.123456Z",
        "annotations": {"authorization.k8s.io/decision": "allow", "cluster_name": "c1", "project_id": "p"}
    });
    assert_eq!(found, expected);

    let exec = only(&log_entry(
        "io.k8s.core.v1.pods.exec.create",
        "core/v1/namespaces/ns/pods/p/exec",
    ));
    assert_eq!(exec["stage"], "ResponseStarted");
    assert_eq!(
        (&exec["level"], &exec["responseStatus"]["code"]),
        (&json!("Request"), &json!(101))
    );
    assert_eq!(exec["objectRef"]["subresource"], "exec");

    for (resource, reference) in [
        (
            "core/v1/namespaces/ns/pods",
            json!({"resource": "pods", "namespace": "ns"}),
        ),
        (
            "core/v1/namespaces/ns",
            json!({"resource": "namespaces", "name": "ns"}),
        ),
        ("core/v1/nodes/n", json!({"resource": "nodes", "name": "n"})),
        (
            "core/v1/nodes/n/proxy",
            json!({"resource": "nodes", "name": "n", "subresource": "proxy"}),
        ),
    ] {
        let mut found = only(&log_entry("io.k8s.core.v1.x.get", resource))["objectRef"].take();
        found
            .as_object_mut()
            .unwrap()
            .retain(|key, _| !key.starts_with("api"));
        assert_eq!(found, reference, "{resource}");
    }
    for resource in ["", "core/v1/nodes"] {
        assert_eq!(
            only(&log_entry("io.k8s.core.v1.nodes.list", resource)).get("objectRef"),
            None
        );
    }
    // The time is as fine as the entry's.
    let mut times = Vec::new();
    let entry = log_entry("a.get", "core/v1/nodes/n").to_string();
    let mut scanner =
        lanner_kube::Scanner::new(vec![bytes(entry.as_bytes())], ScanOptions::default());
    scanner
        .run(&mut |event| times.push(event.time_ns()))
        .unwrap();
    assert_eq!(times, [1_714_521_600_123_456_789]);
}

#[test]
fn other_google_logs_are_ignored() {
    let entry = log_entry("a.get", "core/v1/nodes/n");
    for (pointer, value) in [
        ("/protoPayload/serviceName", "container.googleapis.com"),
        ("/resource/type", "gce_instance"),
        ("/logName", "projects/p/logs/x"),
    ] {
        let mut other = entry.clone();
        *other.pointer_mut(pointer).unwrap() = value.into();
        let scanned = scan_bytes(other.to_string().as_bytes());
        assert_eq!(
            (scanned.stats.total.ignored, scanned.stats.total.skipped),
            (1, 0),
            "{pointer}"
        );
    }
    let mut timeless = entry;
    timeless
        .as_object_mut()
        .unwrap()
        .retain(|key, _| !key.ends_with("imestamp"));
    let scanned = scan_bytes(timeless.to_string().as_bytes());
    assert_eq!(
        scanned.reasons(),
        [(1, "the log entry has no receiveTimestamp")]
    );
}

#[test]
fn azure_records() {
    let a = event("a", r#","x":"\"q\"""#);
    let tree: Json = serde_json::from_str(&a).unwrap();
    let record = |category: &str, log: Json| json!({"category": category, "operationName": "x", "time": "t", "properties": {"log": log, "stream": "stdout", "pod": "p"}});
    assert_eq!(only(&record("kube-audit", a.clone().into())), tree);
    assert_eq!(
        only(&record("kube-audit-admin", format!("{a}\n").into())),
        tree
    );
    assert_eq!(only(&record("kube-audit", tree.clone())), tree);
    assert_eq!(only(&json!({"properties": {"log": a}})), tree);
    let blob = json!({"records": [record("kube-audit", a.into()), record("kube-apiserver", "I0501 klog".into()), record("guard", "{}".into())]});
    let scanned = scan_bytes(blob.to_string().as_bytes());
    assert_eq!(
        (
            scanned.ids().len(),
            scanned.stats.total.ignored,
            scanned.stats.total.skipped
        ),
        (1, 2, 0)
    );
}

#[test]
fn azure_tables() {
    let row = |user: Json| {
        json!({
            "TenantId": "t", "TimeGenerated": "2024-05-01T00:00:05Z", "Level": "RequestResponse", "AuditId": "a",
            "Stage": "ResponseComplete", "RequestUri": "/api/v1/pods", "Verb": "create", "User": user,
            "SourceIps": "[\"1.2.3.4\"]", "UserAgent": "kubectl", "ObjectRef": "{\"resource\":\"pods\"}",
            "ResponseStatus": {"code": 201}, "RequestObject": "skipped-too-big-size-object", "ResponseObject": null,
            "RequestReceivedTime": "2024-05-01T00:00:00Z", "StageReceivedTime": "2024-05-01T00:00:01.5Z",
            "Annotations": "{\"authorization.k8s.io/decision\":\"allow\"}", "PodName": "p"
        })
    };
    let expected = json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": "a",
        "stage": "ResponseComplete", "requestURI": "/api/v1/pods", "verb": "create", "user": {"username": "u"},
        "sourceIPs": ["1.2.3.4"], "userAgent": "kubectl", "objectRef": {"resource": "pods"},
        "responseStatus": {"code": 201}, "requestReceivedTimestamp": "2024-05-01T00:00:00Z",
        "annotations": {"authorization.k8s.io/decision": "allow"}, "stageTimestamp": "2024-05-01T00:00:01.5Z"
    });
    assert_eq!(only(&row(json!({"username": "u"}))), expected);
    assert_eq!(only(&row(json!("{\"username\":\"u\"}"))), expected);
}

#[test]
fn envelopes_in_envelopes_end() {
    let wrap = |text: String| json!({"message": text}).to_string();
    let mut text = event("a", "");
    for _ in 0..8 {
        text = wrap(text);
    }
    assert_eq!(scan_bytes(text.as_bytes()).ids(), ["a"]);
    let scanned = scan_bytes(wrap(text).as_bytes());
    assert_eq!(scanned.reasons(), [(1, "too many envelopes in each other")]);
    let list = format!("{}{}{}", "[".repeat(50), event("a", ""), "]".repeat(50));
    let scanned = scan(vec![bytes(list.as_bytes())], ScanOptions::default(), 1);
    assert_eq!(scanned.reasons(), [(1, "too many lists in each other")]);
}
