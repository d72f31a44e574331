program main
  implicit none
  nosuch = 1
end program
