"""News from above: written by a leader or an admin, passed on by managers to the teams it concerns."""
