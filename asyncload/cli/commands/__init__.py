"""The commands: one file each, its options above the one call that carries it out."""
