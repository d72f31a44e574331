import hashlib

with open('any bytes', 'rb') as file:
    print(hashlib.sha256(file.read()).hexdigest())
