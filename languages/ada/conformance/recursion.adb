with Ada.Integer_Text_IO;
with Ada.Text_IO;

procedure Main is
   function Sum (Number : Integer) return Integer is
      --  Read again after the call: the compiler makes no loop of it.
      Here : Integer := Number;
      pragma Volatile (Here);
      Below : Integer;
   begin
      if Number = 0 then
         return 0;
      end if;
      Below := Sum (Number - 1);
      return Below + Here;
   end Sum;
begin
   Ada.Integer_Text_IO.Put (Sum (10_000), Width => 1);
   Ada.Text_IO.New_Line;
end Main;
