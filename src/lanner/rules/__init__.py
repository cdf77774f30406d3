"""The rule language: Falco rule files in, checked and typed rules out."""
