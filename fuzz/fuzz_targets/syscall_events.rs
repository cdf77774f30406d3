//! Bytes → events of any type → all that is known of them: see `any_events.rs`.

#![no_main]

#[path = "../../crates/lanner-syscall/tests/common/any_events.rs"]
mod any_events;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    any_events::run(input);
});
