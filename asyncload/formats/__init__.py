"""How other tools write their results: one file per format, to read it, to write it, or both."""
