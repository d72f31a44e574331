for i in 1...100_000 { print(i) }
