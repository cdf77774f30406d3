//! Compiles the probe (`probe/`) to BPF, with CO-RE relocations, so that one object fits many kernels:
//! those from 6.2 on, those from 5.15 on, and those before.
//!
//! The compiler is the clang in the `ziglang` package of PyPI: a build dependency like maturin, so
//! that nobody needs to install a compiler by hand. `LANNER_BPF_CC` names another one:
//! `LANNER_BPF_CC="clang -target bpf"`.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = manifest.join("../..");
    println!("cargo:rerun-if-changed={}", root.join("probe").display());
    println!("cargo:rerun-if-env-changed=LANNER_BPF_CC");
    let has_probe = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux")
        && env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "x86_64");
    if !has_probe {
        return ExitCode::SUCCESS;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let builds = [
        ("probe-casts.o", Some("-DCASTS")),
        ("probe.o", None),
        ("probe-old.o", Some("-DOLD_KERNEL")),
    ];
    for (name, definition) in builds {
        let Some(mut compiler) = compiler(&root) else {
            println!(
                "cargo:error=The eBPF probe needs a compiler: install the `ziglang` package \
                 (`pip install ziglang`) for the Python that builds Lanner, or set LANNER_BPF_CC, \
                 for example to \"clang -target bpf\"."
            );
            return ExitCode::FAILURE;
        };
        compiler
            .args(["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-c"])
            .args(definition)
            .arg(root.join("probe/probe.bpf.c"))
            .arg("-o")
            .arg(out.join(name))
            .env("ZIG_GLOBAL_CACHE_DIR", out.join("zig"))
            .env("ZIG_LOCAL_CACHE_DIR", out.join("zig"));
        if let Err(error) = run(&mut compiler) {
            println!("cargo:error=The eBPF probe was not compiled: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn run(compiler: &mut Command) -> Result<(), String> {
    let output = compiler
        .output()
        .map_err(|error| format!("{compiler:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        println!("cargo:error={line}");
    }
    Err(format!("{compiler:?} failed"))
}

/// What compiles C to BPF, if there is anything that does.
fn compiler(root: &Path) -> Option<Command> {
    if let Ok(chosen) = env::var("LANNER_BPF_CC") {
        let mut words = chosen.split_whitespace();
        let mut command = Command::new(words.next()?);
        command.args(words);
        return Some(command);
    }
    let pythons = [
        env::var_os("PYO3_PYTHON"),
        Some(root.join(".venv/bin/python").into_os_string()),
        Some("python3".into()),
        Some("python".into()),
    ];
    let python = pythons.into_iter().flatten().find(has_zig);
    if let Some(python) = python {
        let mut command = Command::new(python);
        command.args(["-m", "ziglang", "cc", "-target", "bpfel-freestanding"]);
        return Some(command);
    }
    let clang = Command::new("clang").arg("--version").output();
    if clang.is_ok_and(|output| output.status.success()) {
        let mut command = Command::new("clang");
        command.args(["-target", "bpf"]);
        return Some(command);
    }
    None
}

fn has_zig(python: &OsString) -> bool {
    let found = Command::new(python).args(["-c", "import ziglang"]).output();
    found.is_ok_and(|output| output.status.success())
}
