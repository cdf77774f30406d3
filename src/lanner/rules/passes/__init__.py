"""One pass per file, each from conditions (or rules) and a list of diagnostics to the same."""
