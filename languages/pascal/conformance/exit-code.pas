begin
  Halt(7);
end.
