import os

# 300 KB of characters of four bytes, out of step with every power of two.
text = b'x' + '𝄞'.encode() * 75_000
while text:
    text = text[os.write(1, text[:65_537]):]
