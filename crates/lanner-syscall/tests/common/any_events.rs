//! Bytes → events of any type with parameters of any value → all that is known of them.
//!
//! Each event goes through the conversion of old types (if the first byte says so), through the
//! state, and through rules that ask for every field and print it. Rules must match alike whether
//! answers are remembered or not; a panic, a hang or too much memory is a finding too. The fuzz target
//! `syscall_events` and the test of its seeds share this.

use std::cell::RefCell;
use std::io::Cursor;

use bumpalo::Bump;
use lanner_engine::{JsonOptions, Matcher, TimeStyle};
use lanner_event::inventory::{Descriptor, Process, Target};
use lanner_event::raw::{Header, Lengths};
use lanner_event::schema::{EventType, event_types};
use lanner_event::{EventSource, RawEvent, catalog};
use lanner_scap::{Compression, Item, Options, Reader, Writer};
use lanner_syscall::{Pipeline, SyscallSource};
use serde_json::{Value, json};

/// Longer sequences add nothing, but cost.
pub const MOST_EVENTS: usize = 60;
const TEXTS: [&[u8]; 12] = [
    b"",
    b"\0",
    b"/\0",
    b"/etc/passwd\0",
    b"../../x\0",
    b"bash\0",
    b"a\0b\0\0c\0",
    b"PATH=/bin\0LONG=\xff\xfe\0",
    b"cpuset=/docker/0123456789ab0123456789ab0123456789ab0123456789ab0123456789ab0123\0",
    b"{\"container\":{\"id\":\"0123456789ab\",\"name\":\"n\",\"type\":0,\"labels\":{\"a\":\"b\"}}}\0",
    b"host\0",
    b"\xc3\x28\xed\xa0\x80\0",
];
const NUMBERS: [u64; 12] = [
    0,
    1,
    2,
    3,
    10,
    11,
    0xff,
    0x7fff_ffff,
    0xffff_ffff,
    u64::MAX,
    u64::MAX - 1,
    1 << 63,
];

/// Takes the input apart.
struct Input<'i>(&'i [u8]);

impl<'i> Input<'i> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn bytes(&mut self, count: usize) -> &'i [u8] {
        let (some, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        some
    }
}

struct Event {
    header: Header,
    lengths: Vec<[u8; 4]>,
    data: Vec<u8>,
}

impl Event {
    fn raw(&self) -> RawEvent<'_> {
        let lengths = Lengths::Long(&self.lengths);
        RawEvent::new(self.header, lengths, &self.data).expect("the lengths are those of the data")
    }
}

fn number(input: &mut Input<'_>) -> Option<u64> {
    let choice = input.byte()?;
    Some(match NUMBERS.get(usize::from(choice)) {
        Some(known) => *known,
        None if choice < 128 => u64::from(choice - 12),
        None => {
            let mut whole = [0; 8];
            let bytes = input.bytes(8);
            whole[..bytes.len()].copy_from_slice(bytes);
            u64::from_le_bytes(whole)
        }
    })
}

/// A parameter of a type; mostly of the right length.
fn parameter(ty: &str, input: &mut Input<'_>) -> Option<Vec<u8>> {
    let size = match ty {
        "int8" | "uint8" | "flags8" | "enumflags8" | "sigtype" | "bool" => 1,
        "int16" | "uint16" | "flags16" | "enumflags16" | "syscallid" | "port" => 2,
        "int32" | "uint32" | "flags32" | "enumflags32" | "uid" | "gid" | "mode" | "sigset" => 4,
        "int64" | "uint64" | "errno" | "fd" | "pid" | "reltime" | "abstime" => 8,
        _ => {
            let choice = input.byte()?;
            return Some(match TEXTS.get(usize::from(choice)) {
                Some(known) => known.to_vec(),
                None => input.bytes(usize::from(choice)).to_vec(),
            });
        }
    };
    let number = number(input)?.to_le_bytes();
    Some(number[..size].to_vec())
}

fn event(types: &[&'static EventType], time_ns: &mut u64, input: &mut Input<'_>) -> Option<Event> {
    let choice = usize::from(input.byte()?) | usize::from(input.byte()?) << 8;
    let kind = types[choice % types.len()];
    let who = input.byte()?;
    *time_ns = time_ns.wrapping_add(u64::from(who) << (who % 40));
    let tid = match who % 16 {
        14 => -1,
        15 => i64::from_ne_bytes(number(input)?.to_ne_bytes()),
        few => i64::from(few),
    };
    let mut event = Event {
        header: Header {
            code: kind.code,
            cpu: u16::from(who >> 6),
            flags: u32::from(who >= 250),
            time_ns: *time_ns,
            tid,
        },
        lengths: Vec::new(),
        data: Vec::new(),
    };
    // Old captures have fewer parameters, newer ones more.
    let how_many = input.byte()?;
    let count = match how_many {
        0..200 => kind.params.len(),
        200..250 => usize::from(how_many - 200) % (kind.params.len() + 1),
        _ => kind.params.len() + 1,
    };
    for index in 0..count {
        let ty = kind.params.get(index).map_or("bytebuf", |param| param.ty);
        let bytes = parameter(ty, input)?;
        event.lengths.push((bytes.len() as u32).to_le_bytes());
        event.data.extend_from_slice(&bytes);
    }
    Some(event)
}

fn kind_of(ty: &str) -> &'static str {
    match ty {
        "bytebuf" => "bytes",
        "bool" => "bool",
        "double" => "double",
        "ipaddr" => "ip",
        "ipnet" => "net",
        _ if ty.starts_with("int") || matches!(ty, "pid" | "fd" | "errno") => "signed",
        _ if ty.starts_with("uint") || ty.ends_with("time") || ty == "port" => "unsigned",
        _ => "string",
    }
}

/// Rules that look at each field, and one that matches everything and prints all fields.
fn plans() -> (String, String) {
    let (mut operands, mut predicates) = (Vec::new(), Vec::new());
    let mut nodes = vec![json!({"type": "and", "children": []})];
    let mut rules: Vec<Value> = Vec::new();
    for field in catalog::fields() {
        if !matches!(field.source, "syscall" | "any") || field.flags.contains(&"table_only") {
            continue;
        }
        for argument in [None, Some("1"), Some("0"), Some("name"), Some("open")] {
            let takes_it = argument.is_none() || field.argument != "-";
            if !takes_it || SyscallSource::compile(field.name, argument).is_err() {
                continue;
            }
            let list = field.flags.contains(&"list");
            let kind = kind_of(field.ty);
            let operand = operands.len();
            operands.push(
                json!({"type": "field", "name": field.name, "argument": argument,
                "kind": kind, "list": list}),
            );
            let mut check = |operator: &str, values: Value| {
                predicates.push(
                    json!({"left": operand, "operator": operator, "modifier": null,
                    "values": values, "right": null, "cost": 1, "lifetime": field.lifetime}),
                );
                nodes.push(json!({"type": "predicate", "predicate": predicates.len() - 1}));
                let node = nodes.len() - 1;
                rules.push(json!({"id": rules.len(), "name": field.name, "priority": 1,
                    "tags": [], "condition": node, "residual": node, "output": [], "fields": []}));
            };
            check("exists", json!([]));
            match kind {
                "string" if !list => {
                    check("startswith", json!([{"s": "/"}]));
                    check("in", json!([{"s": "bash"}, {"s": "host"}, {"s": "a"}]));
                    check("contains", json!([{"s": "b"}]));
                }
                "unsigned" => check("in", json!([{"u": 0}, {"u": 1}, {"u": 10}])),
                "signed" => check("in", json!([{"i": 0}, {"i": -1}, {"i": 10}])),
                _ => {}
            }
        }
    }
    let all = 0..operands.len();
    let output: Vec<Value> = all
        .clone()
        .map(|operand| json!({"type": "field", "operand": operand, "width": null}))
        .collect();
    let fields: Vec<Value> = all.map(|at| json!([format!("f{at}"), at])).collect();
    let all = json!({"id": 0, "name": "all", "priority": 7, "tags": [], "condition": 0,
        "residual": 0, "output": output, "fields": fields});
    let plan = |predicates: &[Value], nodes: &[Value], rules: &[Value]| {
        json!({"version": lanner_engine::PLAN_VERSION, "source": "syscall",
            "rule_matching": "all", "operands": operands, "predicates": predicates,
            "nodes": nodes, "rules": rules, "dispatch": []})
        .to_string()
    };
    (
        plan(&predicates, &nodes, &rules),
        plan(&[], &nodes[..1], &[all]),
    )
}

thread_local! {
    /// Made once: it takes longer than most runs.
    static RULES: RefCell<Rules> = RefCell::new(Rules::new());
}

/// Runs a pipeline's events through rules, with and without a memory.
struct Rules {
    remembering: Matcher<SyscallSource>,
    forgetting: Matcher<SyscallSource>,
    printing: Matcher<SyscallSource>,
    pipeline: Pipeline,
    arena: Bump,
    printed: Vec<u8>,
}

impl Rules {
    fn new() -> Self {
        let matcher = |plan: &str| Matcher::new(plan.as_bytes()).expect("a valid plan");
        let (asks, prints) = plans();
        let (remembering, mut forgetting) = (matcher(&asks), matcher(&asks));
        forgetting.forget();
        Self {
            remembering,
            forgetting,
            printing: matcher(&prints),
            pipeline: Pipeline::default(),
            arena: Bump::new(),
            printed: Vec::new(),
        }
    }

    fn item(&mut self, item: Item<'_>) {
        let Self {
            remembering,
            forgetting,
            printing,
            pipeline,
            arena,
            printed,
        } = self;
        pipeline.item(item, |event| {
            arena.reset();
            let (mut one, mut other) = (Vec::new(), Vec::new());
            forgetting.matches(event, arena, |rule| other.push(rule));
            remembering.matches(event, arena, |rule| one.push(rule));
            if one != other {
                let name = |rule: &usize| &remembering.rules()[*rule].name;
                let forgotten = other.iter().filter(|rule| !one.contains(rule)).map(name);
                let wrong = one.iter().filter(|rule| !other.contains(rule)).map(name);
                panic!(
                    "remembered otherwise at {}: not {:?}, but {:?}",
                    event.kind.name,
                    forgotten.collect::<Vec<_>>(),
                    wrong.collect::<Vec<_>>()
                );
            }
            printed.clear();
            let mut alerts = printing.batch();
            printing.alerts(event, arena, &mut alerts);
            alerts.write_text(TimeStyle::default(), printed);
            let options = JsonOptions {
                hostname: Some("h"),
                time: TimeStyle::default(),
            };
            alerts.write_json_lines(options, printed);
            assert!(std::str::from_utf8(printed).is_ok());
        });
    }
}

/// Does all this with one input. Returns the types of its events.
pub fn run(input: &[u8]) -> Vec<u16> {
    RULES.with_borrow_mut(|rules| {
        rules.pipeline = Pipeline::default();
        run_with(rules, input)
    })
}

fn run_with(rules: &mut Rules, input: &[u8]) -> Vec<u16> {
    let mut input = Input(input);
    let Some(mode) = input.byte() else {
        return Vec::new();
    };
    let types: Vec<&'static EventType> = event_types().collect();
    let mut time_ns = 1_700_000_000_000_000_000;
    let mut events = Vec::new();
    while events.len() < MOST_EVENTS
        && let Some(event) = event(&types, &mut time_ns, &mut input)
    {
        events.push(event);
    }
    let codes = events.iter().map(|event| event.header.code).collect();
    let processes = [1, 2, 3].map(|tid| Process {
        tid,
        pid: tid,
        ptid: tid - 1,
        comm: b"bash"[..].into(),
        ..Process::default()
    });
    if mode & 1 == 0 {
        for process in processes {
            rules.item(Item::Process(Box::new(process)));
        }
        for event in &events {
            rules.item(Item::Event(event.raw()));
        }
        return codes;
    }
    let mut writer = Writer::new(Vec::new(), Compression::None).expect("memory can be written");
    writer.processes(&processes).expect("memory can be written");
    let descriptor = Descriptor {
        fd: 3,
        ino: 7,
        target: Target::File {
            path: b"/etc/passwd"[..].into(),
            flags: 1,
            dev: 1,
        },
    };
    writer
        .descriptors(2, &[descriptor])
        .expect("memory can be written");
    for event in &events {
        writer
            .event(&event.raw())
            .expect("short events can be written");
    }
    let capture = writer.finish().expect("memory can be written");
    let mut reader = Reader::new(Box::new(Cursor::new(capture)), Options::default())
        .expect("it begins as captures do");
    // Some events are refused: those with more parameters than their type has, say.
    while let Ok(Some(item)) = reader.next() {
        rules.item(item);
    }
    codes
}
