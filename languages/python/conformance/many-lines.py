for i in range(1, 100_001):
    print(i)
