function Sum(n: longint): longint;
begin
  if n = 0 then
    Sum := 0
  else
    Sum := n + Sum(n - 1);
end;

begin
  WriteLn(Sum(10000));
end.
