program main
  character(100) :: line
  integer :: unit
  open (newunit=unit, file='beside.txt', status='old')
  read (unit, '(a)') line
  print '(a)', trim(line)
end program
