"""`python -m lanner.cli`."""

from lanner.cli.main import main

main()
