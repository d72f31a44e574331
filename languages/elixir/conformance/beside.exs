IO.write(File.read!("beside.txt"))
