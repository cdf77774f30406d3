"""Check audit policies, and see what they record."""

COMMANDS = {"simulate": "see what policies would keep of a recorded log"}
