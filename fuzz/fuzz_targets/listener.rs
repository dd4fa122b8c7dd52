//! supervisord's event protocol: whatever comes down the pipe, the daemon goes on or says why not.
//!
//! The input is read as a stream: a header line, so many bytes of payload as it says, the next header.

#![no_main]

use desktop_control::host::supervisor::listener::{Event, parse_event, parse_header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|stream: &[u8]| {
    let mut rest = stream;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, tail) = rest.split_at(end + 1);
        let Ok(header) = parse_header(&String::from_utf8_lossy(line)) else { return };
        assert!(header.payload_len <= 64 * 1024, "the daemon would reserve {} bytes", header.payload_len);
        assert!(!header.event_name.contains([' ', '\n']));
        let (payload, tail) = tail.split_at(header.payload_len.min(tail.len()));
        let payload = String::from_utf8_lossy(payload);
        if let Event::Process { name, .. } = parse_event(&header.event_name, &payload) {
            // The name goes into sentences and paths; nothing may be in it that the event did not say.
            assert!(name.len() <= payload.len() + 1 && !name.contains([' ', '\n']), "{name:?}");
        }
        rest = tail;
    }
});
