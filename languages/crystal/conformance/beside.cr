print File.read("beside.txt")
