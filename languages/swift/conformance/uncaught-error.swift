print("before")
fatalError("boom")
