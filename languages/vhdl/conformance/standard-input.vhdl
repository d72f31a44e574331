use std.textio.all;

entity main is
end entity;

architecture lines of main is
begin
  process is
    variable read, written : line;
  begin
    while not endfile(input) loop
      readline(input, read);
      write(written, "[" & read.all & "]");
      writeline(output, written);
    end loop;
    wait;
  end process;
end architecture;
