"""Two pretend systems to keep in step: `python -m sandbox`. Nothing here knows the hub."""
