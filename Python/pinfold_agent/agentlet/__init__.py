"""The process's own end of the conversation with the deploy daemon."""
