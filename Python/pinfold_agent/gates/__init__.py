"""Where requests wait while the new version comes in."""
