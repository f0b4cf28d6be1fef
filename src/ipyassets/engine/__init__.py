"""What is true of every partition, what to run, and running it; storage is reached through `ports` alone."""
