"""Seeded generator of Pebble's training text: one module per skill, `mix` puts conversations together."""
