entity main is
end entity;

architecture wrong of main is
begin
  process is
  begin
    report "boom" severity failure;
  end process;
end architecture;
