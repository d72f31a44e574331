printf("%d\n", 1:100000);
