"""What runs a plan: the reference interpreter and the native engine."""
