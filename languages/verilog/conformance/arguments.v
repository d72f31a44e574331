module main;
  reg [8*40:1] text;
  initial begin
    if ($value$plusargs("text=%s", text)) $display("[%0s]", text);
    $finish(0);
  end
endmodule
