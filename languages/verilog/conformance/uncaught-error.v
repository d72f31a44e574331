module main;
  initial begin
    $fatal(1, "boom");
  end
endmodule
