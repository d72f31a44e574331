module main;
  integer i;
  initial begin
    for (i = 1; i <= 100000; i = i + 1) $display("%0d", i);
    $finish(0);
  end
endmodule
