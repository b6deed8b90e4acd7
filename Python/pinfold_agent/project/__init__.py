"""The project whose code the server is: its files, its modules, and what each of them did when it was executed."""
