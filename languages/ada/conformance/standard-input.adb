with Ada.Text_IO;

procedure Main is
begin
   while not Ada.Text_IO.End_Of_File loop
      Ada.Text_IO.Put_Line ("[" & Ada.Text_IO.Get_Line & "]");
   end loop;
end Main;
