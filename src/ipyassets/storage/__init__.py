"""Where values and records are kept: SQLite for what happened, one file for each partition's value."""
