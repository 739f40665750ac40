"""Properties that hold in any order of events; see README.md."""
