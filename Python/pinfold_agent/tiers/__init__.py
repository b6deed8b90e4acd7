"""The ways in which a new version comes into the process: patched functions, or modules executed anew."""
