program main
  character(100) :: word
  integer :: i
  do i = 1, command_argument_count()
    call get_command_argument(i, word)
    print '(3a)', '[', trim(word), ']'
  end do
end program
