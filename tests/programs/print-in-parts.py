# What other processes write shows where each print has come to by then.
import os, subprocess, sys, threading

print("a", end="")
os.write(1, b"1")
print("b", "c", end=" ")
os.write(1, b"2")
sys.stdout.write("d")
os.write(1, b"3")
sys.stdout.buffer.write(b"e")
os.write(1, b"4")
print("before fork", end="|")
if os.fork() == 0:
    print("child", end="|")
    os._exit(0)
os.wait()


def in_a_thread():
    print("thread", end="|")
    os.write(1, b"5")


thread = threading.Thread(target=in_a_thread)
thread.start()
thread.join()
subprocess.run(["echo", "echo"])
list(map(print, range(2)))
sys.stderr.write("error")
os.write(2, b"6")
print("x" * 100000, end="last")
os.kill(os.getpid(), 9)
