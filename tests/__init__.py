"""Tests of hooklog and of its local stand-ins."""
