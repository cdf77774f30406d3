//! What is written is what is read.

mod common;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use lanner_event::inventory::{
    Capabilities, Descriptor, ExeFile, Group, Interface, Machine, Process, Target, User,
};
use lanner_event::{Header, codes};
use lanner_scap::{Compression, Copier, Options, Writer};

use common::{Owned, copy, raw, read, small, write};

#[test]
fn shared_captures() {
    for name in common::SMALL {
        let Some(bytes) = small(name) else { return };
        for options in [raw(), Options::default()] {
            let (items, error) = read(bytes.clone(), options);
            assert_eq!(error, None, "{name}");
            for compression in [Compression::None, Compression::Gzip] {
                // Events as they are: those with their final shape stay in it.
                let (again, error) = read(write(&items, compression), options);
                assert_eq!(error, None, "{name}");
                if let Some(place) = (0..items.len()).find(|&at| items.get(at) != again.get(at)) {
                    let (was, is) = (&items[place], again.get(place));
                    panic!("{name}, item {place}: {was:?} became {is:?}");
                }
                assert_eq!(items.len(), again.len(), "{name}");
            }
        }
    }
}

fn event(code: u16, flags: u32, params: &[&[u8]]) -> Owned {
    let header = Header {
        code,
        cpu: 300,
        flags,
        time_ns: 1_700_000_000_123_456_789,
        tid: -1,
    };
    Owned::Event(header, params.iter().map(|param| param.to_vec()).collect())
}

/// One of everything.
fn everything() -> Vec<Owned> {
    let v4 = IpAddr::from(Ipv4Addr::new(10, 1, 2, 3));
    let v6 = IpAddr::from(Ipv6Addr::LOCALHOST);
    let text = |text: &str| text.as_bytes().into();
    let descriptor = |fd, target| Descriptor {
        fd,
        ino: 77,
        target,
    };
    let targets = [
        Target::File {
            path: text("/etc/passwd"),
            flags: 0x401,
            dev: 0x0080_0001,
        },
        Target::Socket {
            source: (v4, 4711),
            destination: (v4, 443),
            l4proto: 2,
        },
        Target::Socket {
            source: (v6, 4711),
            destination: (v6, 443),
            l4proto: 3,
        },
        Target::Server {
            local: (v4, 80),
            l4proto: 2,
        },
        Target::Server {
            local: (v6, 80),
            l4proto: 2,
        },
        Target::Unix {
            source: u64::MAX,
            destination: 1,
            path: text("/run/docker.sock"),
        },
        Target::Other {
            kind: 0,
            name: text(""),
        },
        Target::Other {
            kind: 12,
            name: text("[eventpoll]"),
        },
    ];
    vec![
        Owned::Machine(Machine {
            cpus: 8,
            memory_bytes: 1 << 40,
            max_pid: 4_194_304,
            hostname: text("host"),
            boot_ts_epoch: 1_600_000_000_000_000_000,
        }),
        Owned::Interface(Interface {
            name: text("eth0"),
            address: v4,
            netmask: Ipv4Addr::new(255, 255, 0, 0).into(),
        }),
        Owned::Interface(Interface {
            name: text("lo"),
            address: v6,
            netmask: Ipv6Addr::from_bits(u128::MAX).into(),
        }),
        Owned::User(User {
            uid: 1000,
            gid: 1001,
            name: text("jo"),
            homedir: text("/home/jo"),
            shell: text("/bin/sh"),
        }),
        Owned::Group(Group {
            gid: 1001,
            name: text("staff"),
        }),
        Owned::Process(Box::new(Process {
            tid: 11,
            pid: 10,
            ptid: 1,
            sid: 9,
            vpgid: 8,
            pgid: 7,
            vtid: 6,
            vpid: 5,
            comm: text("cat"),
            exe: text("/usr/bin/cat"),
            exepath: text("/bin/cat"),
            args: text("-n\0/etc/passwd\0"),
            env: text("A=1\0B=2\0"),
            cwd: text("/root"),
            root: text("/"),
            cgroups: text("cpu=/\0memory=/docker\0"),
            fdlimit: 1024,
            flags: 0xF00D,
            uid: 1,
            gid: 2,
            loginuid: 3,
            vmsize_kb: 4,
            vmrss_kb: 5,
            vmswap_kb: 6,
            pfmajor: 7,
            pfminor: 8,
            pidns_init_start_ts: 9,
            // Not in the list: it is derived.
            clone_ts: 0,
            tty: 34817,
            exe_file: ExeFile {
                writable: true,
                upper_layer: true,
                lower_layer: true,
                from_memfd: true,
                ino: 12,
                ctime: 13,
                mtime: 14,
            },
            capabilities: Capabilities {
                permitted: 1,
                effective: 2,
                inheritable: 3,
            },
        })),
        Owned::Descriptors(
            10,
            (0..)
                .zip(targets)
                .map(|(fd, target)| descriptor(fd, target))
                .collect(),
        ),
        event(
            codes::SYSCALL_CLOSE_X,
            0,
            &[&[0; 8], &[3, 0, 0, 0, 0, 0, 0, 0]],
        ),
        event(codes::SYSCALL_CLOSE_X, 2, &[&[0; 8], &[]]),
        event(codes::SYSCALL_GETUID_E, 0, &[]),
        event(codes::PLUGINEVENT_E, 0, &[&[1; 4], &vec![7; 300_000]]),
        event(codes::PLUGINEVENT_E, 1, &[&[1; 4], b"x"]),
        event(
            codes::SYSCALL_WRITE_X,
            0,
            &[&[0; 8], &[5; 65_000], &[1; 8], &[1; 4]],
        ),
        // More than a normal block holds, in normal parameters.
        event(
            codes::SYSCALL_WRITE_X,
            0,
            &[&[0; 8], &[5; 65_535], &[1; 8], &[1; 4]],
        ),
    ]
}

#[test]
fn one_of_everything() {
    let items = everything();
    for compression in [Compression::None, Compression::Gzip] {
        let (again, error) = read(write(&items, compression), raw());
        assert_eq!(error, None);
        assert_eq!(again, items);
    }
}

/// Captures can be joined in one file; each begins with its own lists.
#[test]
fn one_after_the_other() {
    let both = [everything(), vec![Owned::Section], everything()].concat();
    let (again, error) = read(write(&both, Compression::Gzip), raw());
    assert_eq!(error, None);
    assert_eq!(again, both);
    let mut copier = Copier::new(Writer::new(Vec::new(), Compression::None).unwrap());
    for item in &everything() {
        copy(&mut copier, item).unwrap();
    }
    let late = copy(&mut copier, &everything()[0]).unwrap_err();
    assert_eq!(late.to_string(), "lists come before events in a capture");
}

/// What readers refuse is not written.
#[test]
fn too_much_is_cut_or_refused() {
    let long: Box<[u8]> = vec![b'x'; 70_000].into();
    let process = Process {
        comm: long.clone(),
        args: long.clone(),
        env: long.clone(),
        cgroups: long.clone(),
        ..Process::default()
    };
    let user = User {
        name: long.clone(),
        ..User::default()
    };
    let interface = Interface {
        name: long.clone(),
        address: Ipv4Addr::LOCALHOST.into(),
        netmask: Ipv4Addr::LOCALHOST.into(),
    };
    let file = Descriptor {
        fd: 0,
        ino: 0,
        target: Target::File {
            path: long.clone(),
            flags: 0,
            dev: 0,
        },
    };
    let items = [
        Owned::Machine(Machine {
            hostname: long.clone(),
            ..Machine::default()
        }),
        Owned::Interface(interface),
        Owned::User(user),
        Owned::Process(Box::new(process)),
        Owned::Descriptors(1, vec![file; 10_000]),
        event(codes::SYSCALL_GETUID_E, 0, &[]),
    ];
    let (again, error) = read(write(&items, Compression::Gzip), raw());
    assert_eq!(error, None);
    let lengths = again.iter().map(|item| match item {
        Owned::Machine(machine) => machine.hostname.len(),
        Owned::Interface(interface) => interface.name.len(),
        Owned::User(user) => user.name.len(),
        Owned::Process(process) => process.comm.len(),
        Owned::Descriptors(_, list) => list.len(),
        _ => 0,
    });
    assert_eq!(
        lengths.collect::<Vec<_>>(),
        [127, 1023, 255, 1024, 4096, 4096, 1808, 0]
    );
    let mut writer = Writer::new(Vec::new(), Compression::None).unwrap();
    let Owned::Event(header, params) = event(codes::SYSCALL_WRITE_X, 0, &[&[0; 8], &long]) else {
        unreachable!()
    };
    assert!(common::with_event(header, &params, |event| writer.event(event)).is_err());
    assert!(writer.machine(&Machine::default()).is_err());
}
