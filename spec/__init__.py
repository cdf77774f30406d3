"""The executable specification of the rule language; see README.md here."""
