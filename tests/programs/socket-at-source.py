import os
import socket

os.remove('main.py')
socket.socket(socket.AF_UNIX).bind('main.py')
print('replaced')
