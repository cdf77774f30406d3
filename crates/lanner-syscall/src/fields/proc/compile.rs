//! Names of fields into fields.

use lanner_event::ExtractorError;

use super::{Count, Id, Leader, ProcField, Text, Whose};

/// Fields without an argument.
const PLAIN: [(&str, ProcField); 62] = {
    use Count::{
        Args, ArgsLength, Duration, FdLimit, FdUsage, OpenFds, ParentDuration, SecondaryThreads,
        Threads, VmRss, VmSize, VmSwap,
    };
    use Id::{
        CloneTime, ExeCtime, ExeCtimeToClone, ExeFromMemfd, ExeInode, ExeLowerLayer, ExeMtime,
        ExeUpperLayer, ExeWritable, IsGroupLeader, IsHostGroupLeader, IsSessionLeader,
        ParentCloneTime, ParentVpid, Pgid, Pid, PidnsStart, PidnsStartToExeCtime, Sid, Tty, Vpgid,
        Vpid,
    };
    use ProcField::{Absent, Count as Number, Cwd, Id as Own, LoginShell, StdName, StdType};
    const fn text(whose: Whose, text: Text) -> ProcField {
        ProcField::Text(whose, text)
    }
    const OWN: Whose = Whose::Own;
    const PARENT: Whose = Whose::Ancestor(1);
    const SESSION: Whose = Whose::Leader(Leader::Session);
    const GROUP: Whose = Whose::Leader(Leader::Group);
    const HOST_GROUP: Whose = Whose::Leader(Leader::HostGroup);
    [
        ("name", text(OWN, Text::Name)),
        ("exe", text(OWN, Text::Exe)),
        ("exepath", text(OWN, Text::ExePath)),
        ("cmdline", text(OWN, Text::CmdLine)),
        ("exeline", text(OWN, Text::ExeLine)),
        ("pname", text(PARENT, Text::Name)),
        ("pexe", text(PARENT, Text::Exe)),
        ("pexepath", text(PARENT, Text::ExePath)),
        ("pcmdline", text(PARENT, Text::CmdLine)),
        ("sname", text(SESSION, Text::Name)),
        ("sid.exe", text(SESSION, Text::Exe)),
        ("sid.exepath", text(SESSION, Text::ExePath)),
        ("vpgid.name", text(GROUP, Text::Name)),
        ("vpgid.exe", text(GROUP, Text::Exe)),
        ("vpgid.exepath", text(GROUP, Text::ExePath)),
        ("pgid.name", text(HOST_GROUP, Text::Name)),
        ("pgid.exe", text(HOST_GROUP, Text::Exe)),
        ("pgid.exepath", text(HOST_GROUP, Text::ExePath)),
        ("pid", Own(OWN, Pid)),
        ("ppid", Own(PARENT, Pid)),
        ("vpid", Own(OWN, Vpid)),
        ("pvpid", Own(OWN, ParentVpid)),
        ("sid", Own(OWN, Sid)),
        ("vpgid", Own(OWN, Vpgid)),
        ("pgid", Own(OWN, Pgid)),
        ("tty", Own(OWN, Tty)),
        ("is_sid_leader", Own(OWN, IsSessionLeader)),
        ("is_vpgid_leader", Own(OWN, IsGroupLeader)),
        ("is_pgid_leader", Own(OWN, IsHostGroupLeader)),
        ("is_exe_writable", Own(OWN, ExeWritable)),
        ("is_exe_upper_layer", Own(OWN, ExeUpperLayer)),
        ("is_exe_lower_layer", Own(OWN, ExeLowerLayer)),
        ("is_exe_from_memfd", Own(OWN, ExeFromMemfd)),
        ("exe_ino", Own(OWN, ExeInode)),
        ("exe_ino.ctime", Own(OWN, ExeCtime)),
        ("exe_ino.mtime", Own(OWN, ExeMtime)),
        (
            "exe_ino.ctime_duration_proc_start",
            Own(OWN, ExeCtimeToClone),
        ),
        (
            "exe_ino.ctime_duration_pidns_start",
            Own(OWN, PidnsStartToExeCtime),
        ),
        ("pidns_init_start_ts", Own(OWN, PidnsStart)),
        ("pid.ts", Own(OWN, CloneTime)),
        ("ppid.ts", Own(OWN, ParentCloneTime)),
        ("loginshellid", LoginShell),
        ("cwd", Cwd),
        ("cmdnargs", Number(Args)),
        ("cmdlenargs", Number(ArgsLength)),
        ("duration", Number(Duration)),
        ("ppid.duration", Number(ParentDuration)),
        ("fdopencount", Number(OpenFds)),
        ("fdlimit", Number(FdLimit)),
        ("fdusage", Number(FdUsage)),
        ("vmsize", Number(VmSize)),
        ("vmrss", Number(VmRss)),
        ("vmswap", Number(VmSwap)),
        ("nthreads", Number(Threads)),
        ("nchilds", Number(SecondaryThreads)),
        ("stdin.type", StdType(0)),
        ("stdout.type", StdType(1)),
        ("stderr.type", StdType(2)),
        ("stdin.name", StdName(0)),
        ("stdout.name", StdName(1)),
        ("stderr.name", StdName(2)),
        ("is_container_healthcheck", Absent),
    ]
};

/// The field of a name behind `proc.`; `None` when there is none.
pub(super) fn compile(
    name: &str,
    field: &str,
    argument: Option<&str>,
) -> Result<Option<ProcField>, ExtractorError> {
    if let Some((_, found)) = PLAIN.iter().find(|(plain, _)| *plain == name) {
        return Ok(Some(found.clone()));
    }
    let above = |text| ancestor_text(field, argument, text);
    Ok(Some(match name {
        "is_container_liveness_probe" | "is_container_readiness_probe" => ProcField::Absent,
        "aname" => above(Text::Name)?,
        "aexe" => above(Text::Exe)?,
        "aexepath" => above(Text::ExePath)?,
        "acmdline" => above(Text::CmdLine)?,
        "args" => match index(field, argument)? {
            None => ProcField::Text(Whose::Own, Text::Args),
            Some(index) => ProcField::Argument(index as usize),
        },
        "aargs" => match index(field, argument)? {
            None => ProcField::AllArgs,
            Some(n) => ProcField::Text(Whose::Ancestor(n), Text::Args),
        },
        "apid" => match index(field, argument)? {
            None => ProcField::Pids,
            Some(n) => ProcField::Id(Whose::Ancestor(n), Id::Pid),
        },
        // A number is no name, and counts nothing here.
        "env" => match key(argument) {
            None => ProcField::Text(Whose::Own, Text::Env),
            Some(name) => ProcField::Variable(name.as_bytes().into()),
        },
        "aenv" => match (key(argument), index(field, argument)) {
            (Some(name), _) => ProcField::InheritedVariable(name.as_bytes().into()),
            (None, Ok(Some(0))) => ProcField::Text(Whose::Own, Text::Env),
            (None, Ok(Some(n))) => ProcField::AncestorEnv(n),
            (None, _) => ProcField::Texts(Text::Env),
        },
        _ => return Ok(None),
    }))
}

fn ancestor_text(
    field: &str,
    argument: Option<&str>,
    text: Text,
) -> Result<ProcField, ExtractorError> {
    Ok(match index(field, argument)? {
        None => ProcField::Texts(text),
        Some(n) => ProcField::Text(Whose::Ancestor(n), text),
    })
}

/// An argument that is a name: not empty, and not a number.
fn key(argument: Option<&str>) -> Option<&str> {
    argument.filter(|text| text.bytes().any(|byte| !byte.is_ascii_digit()))
}

/// An index; -1 is as none. Other negative numbers count as in libs: modulo
/// 2^32, so nothing is there.
fn index(field: &str, argument: Option<&str>) -> Result<Option<u32>, ExtractorError> {
    let index = number(field, argument)?.filter(|index| *index != -1);
    Ok(index.map(i32::cast_unsigned))
}

/// An argument that is a number.
pub(in crate::fields) fn number(
    field: &str,
    argument: Option<&str>,
) -> Result<Option<i32>, ExtractorError> {
    let number = argument.map(str::parse).transpose();
    number.map_err(|_| ExtractorError {
        message: format!("the argument of `{field}` is a number"),
    })
}
