# Processes, and threads of each, print lines of several parts at one time.
import multiprocessing, threading


def lines(name):
    for i in range(1000):
        print(name, i, name)


def threads(name):
    started = [threading.Thread(target=lines, args=(f"{name}{i}",)) for i in range(3)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


if __name__ == "__main__":
    processes = [multiprocessing.Process(target=threads, args=(name,)) for name in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
