with Ada.Integer_Text_IO;
with Ada.Text_IO;

procedure Main is
begin
   for Number in 1 .. 100_000 loop
      Ada.Integer_Text_IO.Put (Number, Width => 1);
      Ada.Text_IO.New_Line;
   end loop;
end Main;
