foreach(readstr("/dev/stdin"), l, print("[", l, "]"))
