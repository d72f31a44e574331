with Ada.Text_IO;

procedure Main is
   File : Ada.Text_IO.File_Type;
begin
   Ada.Text_IO.Open (File, Ada.Text_IO.In_File, "beside.txt");
   while not Ada.Text_IO.End_Of_File (File) loop
      Ada.Text_IO.Put_Line (Ada.Text_IO.Get_Line (File));
   end loop;
   Ada.Text_IO.Close (File);
end Main;
