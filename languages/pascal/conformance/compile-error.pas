begin
  Nosuch;
end.
