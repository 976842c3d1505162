"""The emulator's own HTTP face: what a library would not let us spoil on purpose."""
