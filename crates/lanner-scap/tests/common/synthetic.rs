//! Captures put together by hand: forms that no program writes any longer, and
//! seeds for the fuzzer.

use lanner_event::codes;

/// A block that is being put together.
pub struct Block(Vec<u8>);

impl Block {
    pub fn new(kind: u32) -> Self {
        Self(kind.to_le_bytes().into()).u32(0)
    }

    pub fn u8(self, number: u8) -> Self {
        self.bytes(&[number])
    }

    pub fn u16(self, number: u16) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    pub fn u32(self, number: u32) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    pub fn u64(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Text with its length before it.
    pub fn text(self, text: &str) -> Self {
        self.u16(u16::try_from(text.len()).unwrap())
            .bytes(text.as_bytes())
    }

    /// The whole block, padded to four bytes.
    pub fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        let total = u32::try_from(self.0.len() + 4).unwrap();
        self.0[4..8].copy_from_slice(&total.to_le_bytes());
        self.u32(total).0
    }
}

/// The section header, with a comment if there is one.
pub fn section(options: &[u8]) -> Vec<u8> {
    Block::new(0x0A0D_0D0A)
        .u32(0x1A2B_3C4D)
        .u16(1)
        .u16(0)
        .u64(u64::MAX)
        .bytes(options)
        .end()
}

/// An event in an old block, without the number of its parameters.
pub fn old_event(kind: u32, code: u16, params: &[&[u8]]) -> Vec<u8> {
    let data = params.concat();
    // One that was written with a wrong length.
    let excess = if code == codes::NOTIFICATION_E { 3 } else { 0 };
    let length = 22 + 2 * params.len() + data.len() + excess;
    let mut block = Block::new(kind).u16(1);
    if kind == 0x208 {
        block = block.u32(5);
    }
    block = block
        .u64(1_500_000_000_000_000_000)
        .u64(42)
        .u32(u32::try_from(length).unwrap())
        .u16(code);
    for param in params {
        block = block.u16(u16::try_from(param.len()).unwrap());
    }
    block.bytes(&data).bytes(&[0; 3][..excess]).end()
}

/// An event in a new block.
pub fn event(kind: u32, code: u16, params: &[&[u8]], wide: bool) -> Vec<u8> {
    let data = params.concat();
    let width = if wide { 4 } else { 2 };
    let length = 26 + width * params.len() + data.len();
    let mut block = Block::new(kind)
        .u16(1)
        .u64(1_700_000_000_000_000_000)
        .u64(42)
        .u32(u32::try_from(length).unwrap())
        .u16(code)
        .u32(u32::try_from(params.len()).unwrap());
    for param in params {
        let length = u32::try_from(param.len()).unwrap().to_le_bytes();
        block = block.bytes(&length[..width]);
    }
    block.bytes(&data).end()
}

/// A list of one process in a version of the format.
pub fn processes(kind: u32, version: u8) -> Vec<u8> {
    let mut block = Block(Vec::new());
    block = block.u64(11).u64(10).u64(1);
    if version >= 6 {
        block = block.u64(9);
    }
    if version >= 8 {
        block = block.u64(8);
    }
    block = block.text("cat").text("/usr/bin/cat");
    if version >= 7 {
        block = block.text("/bin/cat");
    }
    block = block
        .text("-n\0x")
        .text("/root")
        .u64(1024)
        .u32(3)
        .u32(1000)
        .u32(1001);
    if version >= 2 {
        block = block.u32(4).u32(5).u32(6).u64(7).u64(8);
    }
    if version >= 3 {
        block = block.text("A=1\0");
    }
    if version >= 4 {
        block = block.u64(12).u64(13).text("cpu=/a\0");
    }
    if version >= 5 {
        block = block.text("/");
    }
    if version < 9 {
        return Block::new(kind).bytes(&block.0).end();
    }
    // What libs 0.9 appended.
    block = block.u32(77).u8(1).u64(1).u64(2).u64(3);
    let size = u32::try_from(block.0.len() + 4).unwrap();
    Block::new(kind).u32(size).bytes(&block.0).end()
}

/// Descriptors of all forms.
pub fn descriptors(kind: u32) -> Vec<u8> {
    let sized = kind == 0x218;
    let head = |block: Block, size: u32, fd: u64, kind: u8| {
        let block = if sized {
            block.u32(4 + 17 + size)
        } else {
            block
        };
        block.u64(fd).u64(99).u8(kind)
    };
    let mut block = Block::new(kind).u64(10);
    block = head(block, 13, 0, 3)
        .bytes(&[10, 0, 0, 1, 10, 0, 0, 2])
        .u16(4711)
        .u16(443)
        .u8(2);
    block = head(block, 37, 1, 4)
        .bytes(&[1; 16])
        .bytes(&[2; 16])
        .u16(4711)
        .u16(53)
        .u8(3);
    block = head(block, 7, 2, 5).bytes(&[127, 0, 0, 1]).u16(80).u8(2);
    block = head(block, 19, 3, 6).bytes(&[0; 16]).u16(80).u8(2);
    block = head(block, 16 + 6, 4, 8).u64(1).u64(2).text("/run");
    block = head(block, 4 + 6, 5, 16).u32(1).text("/etc");
    block = head(block, 2 + 4, 6, 7).text("pipe");
    // Of a newer library.
    block = head(block, 0, 7, 200);
    block.end()
}

/// Captures by name.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let fd = 3_u64.to_le_bytes();
    let old = [
        section(b""),
        Block::new(0x201)
            .u32(4)
            .u64(1 << 33)
            .u64(32768)
            .bytes(&[b'h'; 8])
            .bytes(&[0; 120])
            .u64(7)
            .bytes(&[0; 24])
            .end(),
        Block::new(0x205)
            .u16(1)
            .u16(2)
            .bytes(&[10, 0, 0, 1, 255, 0, 0, 0, 10, 255, 255, 255])
            .u64(1000)
            .bytes(b"lo")
            .u16(4)
            .u16(2)
            .bytes(&[1; 48])
            .bytes(b"e0")
            .end(),
        Block::new(0x206)
            .u8(0)
            .u32(0)
            .u32(0)
            .text("root")
            .text("/root")
            .text("/bin/sh")
            .u8(1)
            .u32(0)
            .text("root")
            .end(),
        processes(0x202, 1),
        processes(0x211, 5),
        descriptors(0x203),
        old_event(0x204, codes::SYSCALL_READ_E, &[&fd, &[9, 0, 0, 0]]),
        old_event(0x204, codes::SYSCALL_READ_X, &[&fd, b"text"]),
        old_event(
            0x208,
            codes::SYSCALL_OPEN_X,
            &[&fd, b"/etc/passwd\0", &[1, 0, 0, 0], &[0; 4]],
        ),
        old_event(0x204, codes::NOTIFICATION_E, &[b"i\0", b"d\0"]),
    ]
    .concat();
    let new = [
        section(&[1, 0, 4, 0, b't', b'e', b'x', b't', 0, 0, 0, 0]),
        Block::new(0x219)
            .u32(2 + 2 + 12 + 8 + 2)
            .u16(1)
            .u16(2)
            .bytes(&[10, 0, 0, 1, 255, 0, 0, 0, 10, 255, 255, 255])
            .u64(0)
            .bytes(b"lo")
            .end(),
        processes(0x215, 9),
        descriptors(0x218),
        Block::new(0xABC).u32(1).end(),
        event(0x216, codes::SYSCALL_CLOSE_X, &[&[0; 8], &fd], false),
        event(0x216, 60_000, &[], false),
        event(0x221, codes::PLUGINEVENT_E, &[&[1, 0, 0, 0], b"data"], true),
        event(0x216, codes::SYSCALL_EXECVE_19_E, &[b"/bin/ls\0"], false),
        event(
            0x216,
            codes::SYSCALL_EXECVE_19_X,
            &[&b"12345678"[..]; 18],
            false,
        ),
    ]
    .concat();
    let both = [&old[..], &new].concat();
    vec![
        ("old", old),
        ("new.gz", gzip(&new)),
        ("new.zst", zstd::encode_all(&new[..], 3).unwrap()),
        ("new", new),
        ("two-sections", both),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
