"""Tests of the benchmarks: all subjects do their job; their speed is never tested."""
