MODULE main;

BEGIN
  nosuch
END main.
