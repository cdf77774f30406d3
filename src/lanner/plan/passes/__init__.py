"""Passes over the plan: fold, intern, order by cost, dispatch."""
