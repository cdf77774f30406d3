//! What becomes of bodies: lines, duplicates, and events that are too large.

use lanner_audit::{Counts, Intake, Policy};

/// An event as a webhook gets it: without kind and version.
fn event(id: &str, level: &str, rest: &str) -> String {
    format!(
        "{{\"level\":\"{level}\",\"auditID\":\"{id}\",\"stage\":\"ResponseComplete\",\
         \"requestURI\":\"/api/v1/pods\",\"verb\":\"create\",\"user\":{{}},{rest}\
         \"requestReceivedTimestamp\":\"2026-11-24T00:00:00.000000Z\",\
         \"stageTimestamp\":\"2026-11-24T00:00:00.000001Z\"}}"
    )
}

/// The line that kube-apiserver's log has of it.
fn line(event: &str) -> String {
    event.replacen(
        '{',
        "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",",
        1,
    ) + "\n"
}

fn list(events: &[String]) -> Vec<u8> {
    format!(
        "{{\"kind\":\"EventList\",\"items\":[{}]}}",
        events.join(",")
    )
    .into_bytes()
}

/// The lines of a list, and what was counted.
fn take(intake: &mut Intake, events: &[String]) -> (String, Counts) {
    let taken = intake.take(list(events));
    (String::from_utf8(taken.lines).unwrap(), taken.counts)
}

#[test]
fn every_framing_gives_the_lines_of_a_log() {
    let events = [
        event("a", "Metadata", ""),
        event("b", "Request", "\"requestObject\":[1, 2],"),
    ];
    let expected = events.iter().map(|event| line(event)).collect::<String>();
    let array = format!("[{}]", expected.trim_end().replace('\n', ",\n"));
    let lines = expected.clone();
    for body in [list(&events), array.into_bytes(), lines.into_bytes()] {
        let taken = Intake::new(None, None).take(body);
        assert_eq!(String::from_utf8(taken.lines).unwrap(), expected);
        assert_eq!(taken.ends, [line(&events[0]).len(), expected.len()]);
        assert_eq!(taken.counts.levels, [0, 1, 1, 0]);
    }
}

#[test]
fn what_comes_again_is_taken_once() {
    let mut intake = Intake::new(None, None);
    let [one, two, three] = ["1", "2", "3"].map(|id| event(id, "Metadata", ""));
    let (lines, counts) = take(&mut intake, &[one.clone(), two.clone(), one.clone()]);
    assert_eq!(lines, line(&one) + &line(&two));
    assert_eq!((counts.events, counts.duplicates), (3, 1));

    let failed = intake.take(list(&[two.clone(), three.clone()]));
    assert_eq!(failed.lines, line(&three).as_bytes());
    intake.forget(&failed);
    let (lines, _) = take(&mut intake, &[three.clone(), two.clone()]);
    assert_eq!(lines, line(&three), "what was stored before stays known");
    assert_eq!(take(&mut intake, &[three]).1.duplicates, 1);
}

#[test]
fn lines_of_an_earlier_process_are_known() {
    let [one, two] = ["1", "2"].map(|id| event(id, "Request", "\"requestObject\":{\"a\": 1},"));
    // As it was recorded: its bodies may be gone.
    let cut = event("2", "Metadata", "");
    let mut intake = Intake::new(None, None);
    intake.remember(format!("{}no event\n{}", line(&one), line(&cut)).into_bytes());
    let (lines, counts) = take(&mut intake, &[one, two]);
    assert_eq!((lines.as_str(), counts.duplicates), ("", 2));
}

#[test]
fn an_audit_id_is_not_enough_to_be_a_duplicate() {
    let mut intake = Intake::new(None, None);
    let first = event("chosen", "Metadata", "");
    let others = [
        first.replace("ResponseComplete", "Panic"),
        first.replace("000001Z", "000002Z"),
        first.replace("/pods", "/secrets"),
        first.replace("create", "delete"),
    ];
    take(&mut intake, &[first]);
    assert_eq!(take(&mut intake, &others).1.duplicates, 0);
}

/// Sizes are those of kube-apiserver's `truncate`: of the encoded event with its newline.
#[test]
fn large_events_lose_their_bodies_at_the_byte() {
    let mark = "\"annotations\":{\"audit.k8s.io/truncated\":\"true\"}";
    let body = format!("\"requestObject\":\"{}\",", "x".repeat(100));
    for level in ["Request", "RequestResponse"] {
        let large = event("1", level, &body);
        let marked = event("1", level, "").replace("Z\"}", &format!("Z\",{mark}}}"));
        let sizes = [line(&large).len(), line(&marked).len()];
        for (limit, lines, truncated, discarded) in [
            (sizes[0], line(&large), 0, 0),
            (sizes[0] - 1, line(&marked), 1, 0),
            (sizes[1], line(&marked), 1, 0),
            (sizes[1] - 1, String::new(), 0, 1),
        ] {
            let (found, counts) = take(
                &mut Intake::new(None, Some(limit)),
                std::slice::from_ref(&large),
            );
            assert_eq!(found, lines, "{level} {limit}");
            assert_eq!((counts.truncated, counts.discarded), (truncated, discarded));
        }
    }
    let bare = event("1", "Metadata", "");
    let discarded = |limit| {
        take(
            &mut Intake::new(None, Some(limit)),
            std::slice::from_ref(&bare),
        )
        .1
        .discarded
    };
    assert_eq!(
        [0, 1].map(|less| discarded(line(&bare).len() - less)),
        [0, 1]
    );
}

#[test]
fn the_annotation_stands_where_a_go_map_has_it() {
    let annotations = [
        ("{}", "{\"audit.k8s.io/truncated\":\"true\"}"),
        (
            "{\"apiserver.latency.k8s.io/total\":\"1s\",\"authorization.k8s.io/decision\":\"allow\"}",
            "{\"apiserver.latency.k8s.io/total\":\"1s\",\"audit.k8s.io/truncated\":\"true\",\
             \"authorization.k8s.io/decision\":\"allow\"}",
        ),
        (
            "{\"audit.k8s.io/truncated\":\"no\",\"a\":\"b\"}",
            "{\"a\":\"b\",\"audit.k8s.io/truncated\":\"true\"}",
        ),
    ];
    for (before, after) in annotations {
        let body = format!(
            "\"requestObject\":\"{}\",\"annotations\":{before},",
            "x".repeat(500)
        );
        let (lines, _) = take(
            &mut Intake::new(None, Some(500)),
            &[event("1", "Request", &body)],
        );
        assert!(
            lines.ends_with(&format!(",\"annotations\":{after}}}\n")),
            "{lines}"
        );
    }
}

#[test]
fn a_policy_narrows_before_sizes_count() {
    let policy = "{\"rules\":[{\"level\":\"Metadata\",\"users\":[],\"userGroups\":[],\"verbs\":[],\
        \"resources\":[],\"namespaces\":[],\"nonResourceURLs\":[],\"omitStages\":[\"Panic\"],\
        \"omitManagedFields\":false}],\"omitStages\":[],\"omitManagedFields\":false}";
    let policy = Policy::new(policy.as_bytes()).unwrap();
    let body = format!("\"requestObject\":\"{}\",", "x".repeat(5000));
    let large = event("1", "RequestResponse", &body);
    let panic = large.replace("ResponseComplete", "Panic");
    let mut intake = Intake::new(Some(policy), Some(1000));
    let (lines, counts) = take(&mut intake, &[large, panic]);
    assert_eq!(lines, line(&event("1", "Metadata", "")));
    assert_eq!(
        (counts.truncated, counts.dropped, counts.levels),
        (0, 1, [0, 1, 0, 0])
    );
}

#[test]
fn what_is_no_json_is_not_unpacked() {
    for body in ["", " ", "hello", "\u{1f}\u{8b}", "\u{28}\u{b5}\u{2f}\u{fd}"] {
        let taken = Intake::new(None, None).take(body.into());
        assert!(taken.lines.is_empty());
        assert_eq!((taken.counts.events, taken.counts.skipped), (0, 1));
    }
}
