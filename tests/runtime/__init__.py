"""The real runtime: built functions under Lambda's emulator, and in containers."""
