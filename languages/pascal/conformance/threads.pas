{$mode objfpc}
uses
  cthreads, Classes;

type
  TAdder = class(TThread)
    First, Last, Total: longint;
    constructor Create(AFirst, ALast: longint);
    procedure Execute; override;
  end;

constructor TAdder.Create(AFirst, ALast: longint);
begin
  First := AFirst;
  Last := ALast;
  inherited Create(false);
end;

procedure TAdder.Execute;
var
  n: longint;
begin
  for n := First to Last do Total := Total + n;
end;

var
  Lower, Upper: TAdder;
begin
  Lower := TAdder.Create(1, 50);
  Upper := TAdder.Create(51, 100);
  Lower.WaitFor;
  Upper.WaitFor;
  WriteLn(Lower.Total + Upper.Total);
end.
