SetRecursionTrapInterval(20000);
sum := function(n)
  if n = 0 then return 0; fi;
  return n + sum(n - 1);
end;
Print(sum(10000), "\n");
