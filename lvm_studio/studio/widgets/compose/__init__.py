"""The composer: the library, the composition, weeks and weather, artificial parts."""
