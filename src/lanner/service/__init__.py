"""The service: sources, engine, store and channels, run together."""
