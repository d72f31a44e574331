printf("before\n");
error("boom");
