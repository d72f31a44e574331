import zlib

# A mebibyte for every kilobyte, a thousand times over.
packed = zlib.compress(bytes(1 << 20), 9)
print(len(packed) < 1100)
unpacked = [zlib.decompress(packed) for _ in range(1024)]
print('unpacked', len(unpacked))
