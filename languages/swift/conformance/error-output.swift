import Glibc

print("out")
fputs("err\n", stderr)
