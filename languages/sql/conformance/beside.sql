.read beside-file.sql
