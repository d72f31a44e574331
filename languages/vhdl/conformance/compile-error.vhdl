entity main is
end entity;

architecture wrong of main is
begin
  nosuch;
end architecture;
