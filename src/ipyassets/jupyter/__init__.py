"""The notebook's side: extension, magics, and the partition bar."""
