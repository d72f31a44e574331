1;
function total = add(n)
  if n == 0
    total = 0;
  else
    total = n + add(n - 1);
  end
end
printf("%d\n", add(10000));
