"""The work on one principal without a writer and without a record, to explain it."""
