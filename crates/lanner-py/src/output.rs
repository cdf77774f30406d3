//! Where a capture is written to.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// An output that is not there under its name before it is complete. Pipes, devices and standard
/// output are written directly.
pub struct NewFile {
    file: File,
    place: Option<Place>,
}

/// Where a file stands until it is complete; removed if it never is.
struct Place {
    until_then: PathBuf,
    name: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        // After the renaming there is none; and there is nobody to tell of a failure.
        let _ = fs::remove_file(&self.until_then);
    }
}

impl NewFile {
    /// Creates a file that only its owner can read, or opens what is there and is no file;
    /// `None` is standard output. `at_once`, a file has its name from the beginning: what is
    /// recorded for hours must not be lost with the recorder.
    ///
    /// # Errors
    /// When that is not possible, or it is one of `inputs` (`None`: standard input).
    pub fn create<'p>(
        path: Option<&Path>,
        at_once: bool,
        inputs: impl IntoIterator<Item = Option<&'p Path>>,
    ) -> io::Result<Self> {
        let Some(path) = path else {
            let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
            refuse_inputs(&file.metadata()?, inputs)?;
            return Ok(Self { file, place: None });
        };
        let name = match fs::metadata(path) {
            Ok(found) if found.is_file() => {
                refuse_inputs(&found, inputs)?;
                fs::canonicalize(path)?
            }
            Ok(_) => {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self { file, place: None });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_path_buf(),
            Err(error) => return Err(error),
        };
        if at_once {
            let mut options = OpenOptions::new();
            let options = options.write(true).create(true).truncate(true);
            let file = options.mode(0o600).open(&name)?;
            return Ok(Self { file, place: None });
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_nanos());
        let process = std::process::id();
        let until_then = name.with_file_name(format!(".lanner-{process}-{now}.part"));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&until_then)?;
        let place = Some(Place { until_then, name });
        Ok(Self { file, place })
    }

    /// Gives the file its name, in place of what had it.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn finish(self) -> io::Result<()> {
        match &self.place {
            Some(place) => fs::rename(&place.until_then, &place.name),
            None => Ok(()),
        }
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// An error if a file is one of the inputs, under whatever name.
fn refuse_inputs<'p>(
    output: &Metadata,
    inputs: impl IntoIterator<Item = Option<&'p Path>>,
) -> io::Result<()> {
    if !output.is_file() {
        return Ok(());
    }
    let same = |input: &Metadata| (input.dev(), input.ino()) == (output.dev(), output.ino());
    let is_input = inputs.into_iter().any(|path| {
        let input = match path {
            Some(path) => fs::metadata(path),
            None => io::stdin()
                .as_fd()
                .try_clone_to_owned()
                .and_then(|descriptor| File::from(descriptor).metadata()),
        };
        // One that cannot be opened is told of when it is its turn.
        input.is_ok_and(|input| same(&input))
    });
    if is_input {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is one of the inputs: write to another file",
        ));
    }
    Ok(())
}
