var
  i: longint;
begin
  for i := 1 to 100000 do WriteLn(i);
end.
