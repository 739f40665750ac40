"""Tests of the benchmarks: that all subjects do their job, never how fast."""
