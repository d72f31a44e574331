import socket

# Every family by every type: what can be had must be a socket that stays inside.
had = set()
for family in range(0, 64):
    for kind in (1, 2, 3, 4, 5, 6, 10):
        for maker in (lambda: [socket.socket(family, kind, 0)], lambda: socket.socketpair(family, kind, 0)):
            try:
                for one in maker():
                    one.close()
                had.add((family, kind))
            except (OSError, ValueError):
                pass
print(sorted(had))
