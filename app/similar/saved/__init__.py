"""Searches that a person keeps, and hears of when something new fits one."""
