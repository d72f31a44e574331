import os

# A slash, a NUL and a surrogate as no decoder may accept them, and a character past the last.
os.write(1, b'\xc0\xaf \xc0\x80 \xed\xa0\x80 \xf4\x90\x80\x80\n')
