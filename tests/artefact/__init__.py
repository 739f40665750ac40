"""Tests of the output of `sam build`, as it would be deployed."""
