# Neither the files nor the heap are too much alone; together they are.
with open('/dev/shm/file', 'wb') as file:
    for _ in range(60):
        file.write(b'x' * (1 << 20))
heap = [bytearray(b'x' * (1 << 20)) for _ in range(90)]
print(len(heap))
