import threading

parts = []
threads = [threading.Thread(target=lambda part=part: parts.append(sum(part))) for part in (range(1, 51), range(51, 101))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(sum(parts))
