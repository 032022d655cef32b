"""The closed lists as an admin keeps them: renamed, extended, retired, with a template for each obstacle."""
