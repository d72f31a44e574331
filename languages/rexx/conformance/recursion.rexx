say total(5000)
exit

total: procedure
  parse arg n
  if n = 0 then return 0
  return n + total(n - 1)
