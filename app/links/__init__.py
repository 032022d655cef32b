"""Cases that people declare to belong together, apart from what resembles; and joining a case that is the same."""
