"""Results of several tools side by side; needs what was read of them, and nothing that read it."""
