program main
  character(100) :: line
  integer :: status
  do
    read (*, '(a)', iostat=status) line
    if (status /= 0) exit
    print '(3a)', '[', trim(line), ']'
  end do
end program
