"""Alerts, and how they leave."""
