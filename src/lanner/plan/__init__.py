"""The plan: interned, typed predicates shared by all rules of a source."""
