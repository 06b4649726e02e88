"""The same two companies' worth of records, made anew from a number."""
