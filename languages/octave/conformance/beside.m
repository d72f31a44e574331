printf("%s", fileread("beside.txt"));
