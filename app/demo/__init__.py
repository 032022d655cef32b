"""The demo organisation: content in files, loaded into an empty embedded database."""
