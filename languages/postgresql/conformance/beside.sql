\i beside-file.sql
