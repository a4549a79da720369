"""Texts tokenised once, in files of which any example can be read by its number."""
