"""A pretend ERP with a REST API: customers, contacts, products."""
