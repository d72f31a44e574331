use std.textio.all;

entity main is
end entity;

architecture beside of main is
begin
  process is
    file lines : text open read_mode is "beside.txt";
    variable words : line;
  begin
    readline(lines, words);
    writeline(output, words);
    wait;
  end process;
end architecture;
