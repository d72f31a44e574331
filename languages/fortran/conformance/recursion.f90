program main
  print '(i0)', total(10000)
contains
  recursive integer function total(n) result(answer)
    integer, intent(in) :: n
    if (n == 0) then
      answer = 0
    else
      answer = n + total(n - 1)
    end if
  end function
end program
