import socket
import threading

server = socket.create_server(('127.0.0.1', 0))


def answer():
    connection, _ = server.accept()
    connection.sendall(b'hello over loopback')
    connection.close()


threading.Thread(target=answer).start()
with socket.create_connection(server.getsockname()) as client:
    print(client.recv(100).decode())
