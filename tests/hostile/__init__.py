"""Submissions that are broken, hostile, or honest and odd, each with the mark it deserves."""
