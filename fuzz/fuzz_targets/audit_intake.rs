//! Bodies of a webhook → lines of a log.
//!
//! The first byte chooses how large an event may be. Each line is one event; what is taken comes
//! again as a duplicate; what is forgotten comes again as it was; a log of the lines is known.

#![no_main]

use lanner_audit::Intake;
use lanner_kube::event;
use lanner_kube::json::Index;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((&limit, body)) = input.split_first() else {
        return;
    };
    let max_event_bytes = (limit < 128).then_some(usize::from(limit) * 16);
    let mut intake = Intake::new(None, max_event_bytes);
    let taken = intake.take(body.to_vec());
    let counts = taken.counts;
    let lines = taken.ends.len() as u64;
    assert_eq!(
        counts.events,
        lines + counts.duplicates + counts.dropped + counts.discarded
    );
    assert_eq!(counts.levels.iter().sum::<u64>(), lines);
    assert_eq!(taken.ends.last().copied().unwrap_or(0), taken.lines.len());
    let mut start = 0;
    for &end in &taken.ends {
        let line = &taken.lines[start..end];
        assert!(max_event_bytes.is_none_or(|most| line.len() <= most));
        let (newline, record) = line.split_last().unwrap();
        assert_eq!(*newline, b'\n');
        assert!(!record.contains(newline));
        assert!(event::parse(record, &mut Index::new()).is_ok());
        assert_eq!(taken.end_of_line(start), Some(end));
        start = end;
    }

    let again = intake.take(body.to_vec());
    assert!(again.lines.is_empty());
    assert_eq!(
        again.counts.duplicates + again.counts.discarded,
        counts.events
    );
    intake.forget(&taken);
    assert_eq!(intake.take(body.to_vec()).lines, taken.lines);

    // In strings, where JSON does not have them, line breaks become what they are in a line.
    if !body.contains(&b'\n') && !body.contains(&b'\r') {
        let mut later = Intake::new(None, max_event_bytes);
        later.remember(taken.lines);
        assert!(later.take(body.to_vec()).lines.is_empty());
    }
});
