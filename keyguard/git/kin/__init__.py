"""Which objects of a store name which, and what follows from it: what is absent, and what commits changed."""
