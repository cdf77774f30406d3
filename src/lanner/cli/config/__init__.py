"""Check, show and describe configurations: lanner.yaml and falco.yaml."""

COMMANDS = {
    "check": "say what is wrong with a configuration",
    "show": "print the configuration that is in force",
    "schema": "print the JSON schema of configurations",
}
