for line in io.lines("beside.txt") do
  print(line)
end
