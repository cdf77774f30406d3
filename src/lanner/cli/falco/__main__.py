"""`python -m lanner.cli.falco`."""

from lanner.cli.falco.main import main

main()
