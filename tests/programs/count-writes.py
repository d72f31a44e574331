import sys


def writes():
    with open("/proc/self/io") as file:
        return int(dict(line.split(": ") for line in file)["syscw"])


before = writes()
for i in range(1000):
    print(i, i * i, end=" " if i % 2 else "\n")
print(writes() - before, file=sys.stderr)
