var
  beside: text;
  line: string;
begin
  Assign(beside, 'beside.txt');
  Reset(beside);
  while not EOF(beside) do
  begin
    ReadLn(beside, line);
    WriteLn(line);
  end;
  Close(beside);
end.
