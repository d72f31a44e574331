MODULE main;

FROM libc IMPORT exit;

BEGIN
  exit (7)
END main.
