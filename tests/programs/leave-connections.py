import socket

# Connections that wait to be forgotten, listeners on many ports, datagrams nobody takes.
kept = []
for port in range(20000, 20040):
    server = socket.socket()
    server.bind(('127.0.0.1', port))
    server.listen()
    client = socket.create_connection(('127.0.0.1', port))
    other, _ = server.accept()
    client.send(b'x')
    client.close()
    kept += [server, other]
box = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
box.bind(('::ffff:127.0.0.1'.rsplit(':', 1)[-1], 20100))
for _ in range(1000):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x' * 1000, ('127.0.0.1', 20100))
for number in range(20):
    keeper = socket.socket(socket.AF_UNIX)
    keeper.bind(f'\0kept{number}')
    kept.append(keeper)
print('left')
