puts "before"
raise "boom"
