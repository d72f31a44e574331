module main;
  initial begin
    nosuch = 1;
  end
endmodule
