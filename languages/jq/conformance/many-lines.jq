range(1; 100001)
