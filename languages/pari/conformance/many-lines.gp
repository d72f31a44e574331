for(i = 1, 100000, print(i))
