"""The object database: packs, loose objects and all that lies beside them, read without git's help."""
