with Ada.Integer_Text_IO;
with Ada.Text_IO;

procedure Main is
   function Sum (Number : Integer) return Integer is
   begin
      if Number = 0 then
         return 0;
      end if;
      return Number + Sum (Number - 1);
   end Sum;
begin
   Ada.Integer_Text_IO.Put (Sum (10_000), Width => 1);
   Ada.Text_IO.New_Line;
end Main;
