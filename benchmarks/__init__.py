"""The benchmarks: Crossdock, its peers and the raw floors, side by side at equal durability."""
