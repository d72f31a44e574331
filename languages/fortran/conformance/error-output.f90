program main
  use, intrinsic :: iso_fortran_env, only: error_unit
  print '(a)', 'out'
  write (error_unit, '(a)') 'err'
end program
