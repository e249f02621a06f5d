"""Backbone networks: what is known of each without loading it, and how it is built."""
