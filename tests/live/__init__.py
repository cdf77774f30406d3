"""`lanner run` on this machine's kernel: what happens here is done for real."""
