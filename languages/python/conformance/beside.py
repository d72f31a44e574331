with open('beside.txt') as file:
    print(file.read(), end='')
