program main
  print '(i0)', total(10000)
contains
  recursive integer function total(n) result(answer)
    integer, intent(in) :: n
    ! Read again after the call: the compiler makes no loop of it.
    integer, volatile :: here
    here = n
    if (n == 0) then
      answer = 0
    else
      answer = total(n - 1)
      answer = answer + here
    end if
  end function
end program
