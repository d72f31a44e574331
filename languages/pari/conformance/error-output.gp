print("out")
write("/dev/stderr", "err")
