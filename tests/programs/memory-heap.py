hoard = []
while True:
    hoard.append(bytearray(4 << 20))
