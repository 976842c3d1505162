"""The faces of a result: what is printed when a run has ended, and while it lasts."""
