"""What people hear by mail: at once, once a week, or not at all."""
