puts "out"
STDERR.puts "err"
