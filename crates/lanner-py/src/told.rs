//! What Python tells of containers.

use lanner_state::container::NewContainer;
use pyo3::prelude::*;

/// What is known of a new container.
pub enum Answer {
    /// A document of the container plugin's form.
    Document(Vec<u8>),
    /// Why there will be none.
    Problem(String),
}

/// Asks a Python object with a method `tell(id, full_id)`: it gives bytes (a document), a text (why
/// there is none), or None: it has not come yet.
pub fn ask(resolver: &Py<PyAny>, container: &NewContainer) -> PyResult<Option<Answer>> {
    Python::attach(|py| {
        let arguments = (&*container.id, &*container.full_id);
        let answer = resolver.bind(py).call_method1("tell", arguments)?;
        if answer.is_none() {
            return Ok(None);
        }
        if let Ok(document) = answer.extract::<Vec<u8>>() {
            return Ok(Some(Answer::Document(document)));
        }
        answer
            .extract()
            .map(|problem| Some(Answer::Problem(problem)))
    })
}
