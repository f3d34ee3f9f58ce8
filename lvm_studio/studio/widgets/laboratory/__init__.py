"""The plane, the traces and the controls of the laboratory and of the hypersphere."""
