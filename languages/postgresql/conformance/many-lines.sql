select generate_series(1, 100000);
