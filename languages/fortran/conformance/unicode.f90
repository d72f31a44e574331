program main
  character(100) :: line
  read (*, '(a)') line
  print '(a)', trim(line)
  print '(a)', 'Äpfel, 日本 🚀'
end program
