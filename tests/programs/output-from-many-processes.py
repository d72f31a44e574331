import os

# 16 processes write to one pipe at a time; a line is shorter than what a pipe keeps together.
children = []
for number in range(16):
    child = os.fork()
    if child == 0:
        for line in range(500):
            os.write(1, f'{number:02} {line:03}\n'.encode())
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
