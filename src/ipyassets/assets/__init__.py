"""Assets: keys, definitions, the graph of what reads what, and the contexts that bodies and I/O managers are handed."""
