"""The Django project: settings, addresses, logging. Nothing here knows what a sync is."""
