"""Read-only views of the field and event tables that the native module declares."""
