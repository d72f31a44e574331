import threading

stay = threading.Event()
count = 1
try:
    while True:
        threading.Thread(target=stay.wait, daemon=True).start()
        count += 1
except RuntimeError as error:
    print(count, 'threads, then', error)
