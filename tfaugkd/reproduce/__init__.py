"""The papers' tables and figures: what they print, and runs of ours beside it."""
