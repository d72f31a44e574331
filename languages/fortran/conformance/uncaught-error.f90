program main
  integer :: n
  read (*, *) n
end program
