with Ada.Text_IO;

procedure Hello is
begin
   Ada.Text_IO.Put_Line ("out");
   Ada.Text_IO.Put_Line (Ada.Text_IO.Standard_Error, "err");
end Hello;
