"""A pretend webCRM: the part of its REST API that concerns organisations, persons and products."""
