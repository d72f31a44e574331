import errno
import socket
import sys


def attempt(title, act):
    try:
        act()
        print(title, 'allowed')
    except socket.gaierror as error:
        print(title, 'no such name')
    except OSError as error:
        print(title, errno.errorcode[error.errno])


for port in [int(text) for text in sys.argv[1:]] + [22, 80, 443, 2375, 6379, 8080]:
    attempt('host port', lambda: socket.create_connection(('127.0.0.1', port), timeout=1))
for port in [int(text) for text in sys.argv[1:]] + [6379]:
    attempt('host port, IPv6', lambda: socket.create_connection(('::1', port), timeout=1))
attempt('metadata', lambda: socket.create_connection(('169.254.169.254', 80), timeout=1))
attempt('gateway', lambda: socket.create_connection(('10.88.0.1', 80), timeout=1))
attempt('internet', lambda: socket.create_connection(('1.1.1.1', 53), timeout=1))
attempt('internet, IPv6', lambda: socket.create_connection(('2606:4700:4700::1111', 53), timeout=1))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt('udp', lambda: udp.sendto(b'x', ('1.1.1.1', 53)))
attempt('broadcast', lambda: udp.sendto(b'x', ('255.255.255.255', 9)))
attempt('dns', lambda: socket.getaddrinfo('example.com', 80))
