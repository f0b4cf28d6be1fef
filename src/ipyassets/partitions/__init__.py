"""The partition algebra: definitions, spaces, subsets, mappings and selections.

Pure: no files, no threads; the clock is read in one place, `as_of`.
"""
