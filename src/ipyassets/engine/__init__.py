"""The engine: what is true of every partition, what to run, and running it. It reaches storage through `ports` alone."""
