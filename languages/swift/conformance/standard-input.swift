while let line = readLine() { print("[\(line)]") }
