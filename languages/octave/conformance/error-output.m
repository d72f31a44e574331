printf("out\n");
fprintf(stderr, "err\n");
