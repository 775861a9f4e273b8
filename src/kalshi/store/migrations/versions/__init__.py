"""One file per version of the database. A step names columns as they were then and imports nothing of today."""
