def sum: if . == 0 then 0 else . + (. - 1 | sum) end;
10000 | sum
