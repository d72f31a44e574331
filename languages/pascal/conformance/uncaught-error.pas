var
  n: integer;
begin
  n := 0;
  WriteLn(1 div n);
end.
