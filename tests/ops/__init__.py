"""Tests of the operators' tools."""
