with Ada.Integer_Text_IO;
with Ada.Text_IO;

procedure Main is
   task type Adder is
      entry Start (First, Last : Integer);
      entry Finish (Total : out Integer);
   end Adder;

   task body Adder is
      From, To : Integer;
      Sum : Integer := 0;
   begin
      accept Start (First, Last : Integer) do
         From := First;
         To := Last;
      end Start;
      for Number in From .. To loop
         Sum := Sum + Number;
      end loop;
      accept Finish (Total : out Integer) do
         Total := Sum;
      end Finish;
   end Adder;

   A, B : Adder;
   Lower, Upper : Integer;
begin
   A.Start (1, 50);
   B.Start (51, 100);
   A.Finish (Lower);
   B.Finish (Upper);
   Ada.Integer_Text_IO.Put (Lower + Upper, Width => 1);
   Ada.Text_IO.New_Line;
end Main;
