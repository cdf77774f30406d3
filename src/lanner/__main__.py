"""`python -m lanner`."""

from lanner.cli.main import main

main()
