//! Alerts as Falco prints them, compared with those of the real Falco.

mod common;

use std::fs;

use common::{PlanBuilder, alerts, event};
use lanner_engine::{JsonOptions, MapEvent, TimeStyle};
use serde_json::{Value, json};

fn text_lines(plan: &PlanBuilder, found: &MapEvent, time: TimeStyle) -> String {
    let mut out = Vec::new();
    alerts(&mut plan.matcher(), found).write_text(time, &mut out);
    String::from_utf8(out).unwrap()
}

fn json_lines(plan: &PlanBuilder, found: &MapEvent, options: JsonOptions<'_>) -> String {
    let mut out = Vec::new();
    alerts(&mut plan.matcher(), found).write_json_lines(options, &mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn rows_hold_the_values_as_json() {
    let mut plan = PlanBuilder::default();
    let name = plan.field("proc.name", "string", false);
    let absent = plan.field("fd.name", "string", false);
    let groups = plan.field("ka.user.groups", "string", true);
    let always = plan.node(json!({"type": "and", "children": []}));
    for fields in [
        json!([["b", groups], ["a", name], ["c", absent]]),
        json!([["only", name]]),
    ] {
        plan.rule_with_fields(always, always, json!([]), fields);
    }
    for (value, shown) in [
        ("plain text", r#""plain text""#),
        ("a\"b\\", r#""a\"b\\""#),
        ("\u{e4}\n\u{1b}", "\"\u{e4}\\n\\u001b\""),
        ("", r#""""#),
    ] {
        let event = event(json!({
            "proc.name": [{"s": value}],
            "ka.user.groups": [{"s": "x"}, {"s": "y"}],
        }));
        let found = alerts(&mut plan.matcher(), &event);
        let rows: Vec<(usize, Vec<&str>)> = found
            .rows()
            .map(|(rule, values)| {
                let texts = values.map(|value| std::str::from_utf8(value).unwrap());
                (rule, texts.collect())
            })
            .collect();
        let expected = vec![(0, vec![shown, r#"["x","y"]"#, "null"]), (1, vec![shown])];
        assert_eq!(rows, expected);
    }
}

/// A rule that always matches, with all kinds of output.
fn sample() -> PlanBuilder {
    let mut plan = PlanBuilder::default();
    let name = plan.field("proc.name", "string", false);
    let port = plan.field("fd.sport", "unsigned", false);
    let groups = plan.field("ka.user.groups", "string", true);
    let absent = plan.field("fd.name", "string", false);
    let usage = plan.field("proc.fdusage", "double", false);
    let upper = plan.call("toupper", &[name], "string", false);
    let always = plan.node(json!({"type": "and", "children": []}));
    let text = |text: &str| json!({"type": "text", "text": text});
    let field =
        |operand: usize, width: Value| json!({"type": "field", "operand": operand, "width": width});
    plan.rule_with_fields(
        always,
        always,
        json!([
            text("Shell \"x\" "),
            field(name, Value::Null),
            text("|"),
            field(name, json!(6)),
            text("|"),
            field(name, json!(2)),
            text("|"),
            field(port, Value::Null),
            text("|"),
            field(groups, Value::Null),
            text("|"),
            field(absent, Value::Null),
            text("|"),
            field(absent, json!(6)),
            text("|"),
            field(upper, Value::Null),
            text("|"),
            field(usage, Value::Null)
        ]),
        json!([
            ["proc.name", name],
            ["fd.sport", port],
            ["ka.user.groups", groups],
            ["fd.name", absent],
            ["proc.fdusage", usage]
        ]),
    );
    plan
}

fn sample_event() -> MapEvent {
    event(
        json!({"proc.name": [{"s": "bash"}], "fd.sport": [{"u": 22}],
        "ka.user.groups": [{"s": "system:masters"}, {"s": "a,b"}], "proc.fdusage": [{"f": 1.25}]}),
    )
}

#[test]
fn text_has_time_priority_and_message() {
    let message = "Shell \"x\" bash|bash  |ba|22|(system:masters,a,b)|<NA>|<NA>  |BASH|1.2";
    assert_eq!(
        text_lines(&sample(), &sample_event(), TimeStyle::default()),
        format!("07:44:11.376269520: Warning {message}\n")
    );
    let iso = TimeStyle {
        iso: true,
        utc_offset_seconds: 0,
    };
    assert_eq!(
        text_lines(&sample(), &sample_event(), iso),
        format!("2026-11-23T07:44:11.376269520+0000: Warning {message}\n")
    );
}

#[test]
fn json_has_sorted_keys_and_typed_fields() {
    let options = JsonOptions {
        hostname: Some("node-1"),
        time: TimeStyle::default(),
    };
    assert_eq!(
        json_lines(&sample(), &sample_event(), options),
        concat!(
            r#"{"hostname":"node-1","output":"07:44:11.376269520: Warning Shell \"x\" bash|bash  |ba|22|"#,
            r#"(system:masters,a,b)|<NA>|<NA>  |BASH|1.2","output_fields":{"evt.time":1795419851376269520,"#,
            r#""fd.name":null,"fd.sport":22,"ka.user.groups":["system:masters","a,b"],"proc.fdusage":1.25,"#,
            r#""proc.name":"bash"},"priority":"Warning","rule":"Rule 0","source":"syscall","#,
            r#""tags":["T1555","container"],"time":"2026-11-23T07:44:11.376269520Z"}"#,
            "\n"
        )
    );
}

#[test]
fn an_array_for_python_has_the_numbers() {
    let mut out = Vec::new();
    alerts(&mut sample().matcher(), &sample_event()).write_json_array(&mut out);
    let found: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(found[0]["time_ns"], 1_795_419_851_376_269_520_u64);
    assert_eq!(found[0]["priority"], 4);
    assert_eq!(found[0]["output_fields"]["fd.name"], Value::Null);
    assert_eq!(
        found[0]["message"],
        "Shell \"x\" bash|bash  |ba|22|(system:masters,a,b)|<NA>|<NA>  |BASH|1.2"
    );
}

#[test]
fn a_value_cannot_forge_a_line() {
    let mut plan = PlanBuilder::default();
    let name = plan.field("proc.name", "string", false);
    let always = plan.node(json!({"type": "and", "children": []}));
    let output = json!([{"type": "field", "operand": name, "width": null}]);
    plan.rule_with_fields(always, always, output, json!([["proc.name", name]]));
    let hostile = "a\n07:44:11.0: Critical x\u{1b}[2J\t\u{85}\u{7f}é\"\\";
    let found = event(json!({"proc.name": [{"s": hostile}]}));
    assert_eq!(
        text_lines(&plan, &found, TimeStyle::default()),
        "07:44:11.376269520: Warning a\\n07:44:11.0: Critical x\\u001b[2J\\t\\u0085\\u007fé\"\\\n"
    );
    let line = json_lines(&plan, &found, JsonOptions::default());
    let parsed: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(parsed["output_fields"]["proc.name"], hostile);
    assert!(parsed["output"].as_str().unwrap().ends_with(hostile));
}

#[test]
fn long_lists_are_cut_as_falco_cuts_them() {
    let mut plan = PlanBuilder::default();
    let groups = plan.field("groups", "string", true);
    let always = plan.node(json!({"type": "and", "children": []}));
    let output = json!([{"type": "field", "operand": groups, "width": null}]);
    plan.rule_with_fields(always, always, output, json!([["groups", groups]]));
    let many: Vec<Value> = (0..300)
        .map(|number| json!({"s": number.to_string()}))
        .collect();
    let found = event(json!({"groups": many}));
    let found = alerts(&mut plan.matcher(), &found);
    assert_eq!(found.messages()[0].len(), 1023);
    let mut out = Vec::new();
    found.write_json_array(&mut out);
    let parsed: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(
        parsed[0]["output_fields"]["groups"]
            .as_array()
            .unwrap()
            .len(),
        300
    );
}

fn scalar(value: &Value) -> Value {
    match value {
        Value::String(text) => json!({"s": text}),
        Value::Bool(truth) => json!({"b": truth}),
        Value::Number(number) if number.is_u64() => json!({"u": number}),
        Value::Number(number) if number.is_i64() => json!({"i": number}),
        Value::Number(number) => json!({"f": number}),
        other => panic!("{other}"),
    }
}

/// Every alert of the real Falco comes out the same, key for key, when an event
/// with its fields matches a rule with its message.
#[test]
fn json_equals_that_of_the_real_falco() {
    let Some(captures) = lanner_testing::captures() else {
        return;
    };
    let mut compared = 0;
    for entry in fs::read_dir(captures.join("scap")).unwrap() {
        let path = entry.unwrap().path();
        if !path
            .to_string_lossy()
            .ends_with(".upstream44-all.falco.jsonl")
        {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap().lines() {
            let wanted: Value = serde_json::from_str(line).unwrap();
            assert_eq!(rendered(&wanted), wanted, "{}", path.display());
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared} alerts compared");
}

fn rendered(wanted: &Value) -> Value {
    let fields = wanted["output_fields"].as_object().unwrap();
    let time_ns = fields["evt.time.iso8601"].as_u64().unwrap();
    let mut plan = PlanBuilder::default();
    let mut values = serde_json::Map::new();
    let mut names = Vec::new();
    for (name, value) in fields {
        if name == "evt.time.iso8601" {
            continue;
        }
        let list = value.is_array();
        let operand = plan.field(name, "string", list);
        names.push(json!([name, operand]));
        let found = match value {
            Value::Null => Vec::new(),
            Value::Array(items) => items.iter().map(scalar).collect(),
            one => vec![scalar(one)],
        };
        values.insert(name.clone(), json!(found));
    }
    let (_, message) = wanted["output"].as_str().unwrap().split_once(": ").unwrap();
    let priority = wanted["priority"].as_str().unwrap();
    let message = message
        .strip_prefix(priority)
        .unwrap()
        .strip_prefix(' ')
        .unwrap();
    let always = plan.node(json!({"type": "and", "children": []}));
    plan.rule_with_fields(
        always,
        always,
        json!([{"type": "text", "text": message}]),
        json!(names),
    );
    let mut plan = plan.json();
    let priorities = [
        "Emergency",
        "Alert",
        "Critical",
        "Error",
        "Warning",
        "Notice",
        "Informational",
        "Debug",
    ];
    let rule = &mut plan["rules"][0];
    rule["name"] = wanted["rule"].clone();
    rule["tags"] = wanted["tags"].clone();
    rule["priority"] = json!(
        priorities
            .iter()
            .position(|&name| name == priority)
            .unwrap()
    );
    let mut matcher = lanner_engine::Matcher::new(plan.to_string().as_bytes()).unwrap();
    let found = json!({"time_ns": time_ns, "fields": values});
    let found = MapEvent::from_json(found.to_string().as_bytes()).unwrap();
    let options = JsonOptions {
        hostname: None,
        time: TimeStyle {
            iso: true,
            utc_offset_seconds: 0,
        },
    };
    let mut out = Vec::new();
    alerts(&mut matcher, &found).write_json_lines(options, &mut out);
    serde_json::from_slice(&out).unwrap()
}
