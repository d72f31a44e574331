use std.textio.all;

entity main is
end entity;

architecture recursion of main is
  function sum(n : natural) return natural is
  begin
    if n = 0 then
      return 0;
    end if;
    return n + sum(n - 1);
  end function;
begin
  process is
    variable words : line;
  begin
    write(words, sum(10000));
    writeline(output, words);
    wait;
  end process;
end architecture;
