"""The workspace file: one HDF5 file, written atomically, read with suspicion."""
