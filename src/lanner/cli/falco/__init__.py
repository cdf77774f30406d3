"""`lanner-falco`: Falco's own command line and configuration, served by Lanner."""
