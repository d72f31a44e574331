"""Writes the installed packages to standard output as one stream, with their byte code: pack.py FOLDER MOUNTED MAX_FILES MAX_BYTES.

Nothing of a package is run. Only plain files are taken: a link, a device or a FIFO is an error, as is what Python would run at each start.
The stream is "RYPACK1\n" and entries of: mode as 1 byte (1: executable), length of the path as 2 bytes, of the content as 8, both big endian,
path, content; then an entry without path and content. Order and content depend on the packages alone.
"""

import marshal
import os
import stat
import sys
import warnings
from importlib.util import source_hash
from struct import pack

# Modules, as source, byte code, extension or package: up to the first dot in the name.
AT_START = {"sitecustomize", "usercustomize", "encodings"}


def fail(message):
    sys.stderr.write(f"{message}\n")
    sys.exit(3)


def byte_code(path, source):
    """As `importlib` writes it, never checked against the source: the mount is read-only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None  # Templates and files for other versions; importing them says so.
    magic = importlib_magic()
    return magic + pack("<I", 0b01) + source_hash(source) + marshal.dumps(code)


def importlib_magic():
    from importlib.util import MAGIC_NUMBER

    return MAGIC_NUMBER


def found(folder):
    for root, folders, files in os.walk(folder, onerror=lambda error: fail(f"cannot be read: {error}")):
        folders.sort()
        for name in sorted(folders):
            if os.path.islink(os.path.join(root, name)):
                fail(f"{os.path.relpath(os.path.join(root, name), folder)} is a link; packages may hold plain files only")
        for name in sorted(files):
            yield os.path.join(root, name)


def main():
    folder, mounted, max_files, max_bytes = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    out = sys.stdout.buffer
    out.write(b"RYPACK1\n")
    tag = sys.implementation.cache_tag
    count = total = 0

    def entry(path, content, executable=False):
        nonlocal count, total
        count += 1
        total += len(content)
        if count > max_files:
            fail(f"too large: more than {max_files} files")
        if total > max_bytes:
            fail(f"too large: more than {max_bytes} bytes")
        name = path.encode()
        out.write(pack(">BHQ", executable, len(name), len(content)) + name)
        out.write(content)

    for path in found(folder):
        relative = os.path.relpath(path, folder)
        if relative == ".lock" or "__pycache__" in relative.split(os.sep):
            continue
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            fail(f"{relative} is no plain file; packages may hold plain files only")
        if relative.split(os.sep)[0].split(".")[0] in AT_START:
            fail(f"{relative} would run at each start of Python")
        if status.st_size > max_bytes:
            fail(f"too large: more than {max_bytes} bytes")
        try:
            relative.encode()
        except UnicodeError:
            fail(f"{relative!r} is a name that is not UTF-8")
        with open(path, "rb") as file:
            content = file.read()
        entry(relative, content, bool(status.st_mode & 0o100))
        if relative.endswith(".py"):
            code = byte_code(os.path.join(mounted, relative), content)
            if code is not None:
                parent, name = os.path.split(relative)
                entry(os.path.join(parent, "__pycache__", f"{name[:-3]}.{tag}.pyc"), code)
    out.write(pack(">BHQ", 0, 0, 0))
    out.flush()


main()
