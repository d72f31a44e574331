use std.textio.all;

entity main is
end entity;

architecture unicode of main is
begin
  process is
    variable words : line;
  begin
    readline(input, words);
    writeline(output, words);
    wait;
  end process;
end architecture;
