//! Copies a capture in the newest format: `copy_capture FROM TO [--raw]`.
//!
//! Events of older schemas are converted, unless `--raw` is given. Compare what
//! `sysdig -r` says of both.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use lanner_scap::{Compression, Copier, Options, Reader, Writer};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [from, to, rest @ ..] = arguments.as_slice() else {
        return Err("usage: copy_capture FROM TO [--raw]".into());
    };
    let options = Options {
        convert: rest.is_empty(),
        ..Options::default()
    };
    let mut reader = Reader::new(Box::new(File::open(from)?), options)?;
    let output = BufWriter::new(File::create(to)?);
    let mut copier = Copier::new(Writer::new(output, Compression::Gzip)?);
    while let Some(item) = reader.next()? {
        copier.item(&item)?;
    }
    copier.finish()?;
    Ok(())
}
