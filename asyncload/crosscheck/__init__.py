"""The crosscheck: one scenario sent by asyncload and by Locust in turns, and whether they agree on what they saw."""
