do i = 1 to 100000
  say i
end
