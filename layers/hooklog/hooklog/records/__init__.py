"""A log as a row of the table: explained, stored, parked."""
