import sys


def total(n):
    return 0 if n == 0 else n + total(n - 1)


sys.setrecursionlimit(20_000)
print(total(10_000))
