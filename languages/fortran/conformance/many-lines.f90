program main
  integer :: i
  do i = 1, 100000
    print '(i0)', i
  end do
end program
