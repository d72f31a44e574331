(each [line (io.lines "beside.txt")]
  (print line))
