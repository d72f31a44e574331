use std.textio.all;

entity main is
end entity;

architecture lines of main is
begin
  process is
    variable words : line;
  begin
    for i in 1 to 100000 loop
      write(words, i);
      writeline(output, words);
    end loop;
    wait;
  end process;
end architecture;
