var
  line: string;
begin
  while not EOF do
  begin
    ReadLn(line);
    WriteLn('[', line, ']');
  end;
end.
