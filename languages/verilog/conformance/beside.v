module main;
  integer file, c;
  initial begin
    file = $fopen("beside.txt", "r");
    c = $fgetc(file);
    while (c != -1) begin
      $write("%c", c);
      c = $fgetc(file);
    end
    $finish(0);
  end
endmodule
