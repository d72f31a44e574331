foreach(readstr("beside.txt"), l, print(l))
