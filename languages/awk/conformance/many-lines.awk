BEGIN { for (i = 1; i <= 100000; i++) print i }
