procedure Main is
begin
   Nosuch;
end Main;
