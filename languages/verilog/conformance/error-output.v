module main;
  initial begin
    $display("out");
    $fdisplay('h8000_0002, "err");
    $finish(0);
  end
endmodule
