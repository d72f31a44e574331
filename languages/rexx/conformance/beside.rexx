say linein('beside.txt')
