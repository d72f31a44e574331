use std.textio.all;

entity main is
end entity;

architecture processes of main is
  function sum(first, last : natural) return natural is
    variable total : natural := 0;
  begin
    for n in first to last loop
      total := total + n;
    end loop;
    return total;
  end function;

  signal lower, upper : natural := 0;
begin
  process is
  begin
    lower <= sum(1, 50);
    wait;
  end process;

  process is
  begin
    upper <= sum(51, 100);
    wait;
  end process;

  process is
    variable words : line;
  begin
    wait until lower > 0 and upper > 0;
    write(words, lower + upper);
    writeline(output, words);
    wait;
  end process;
end architecture;
