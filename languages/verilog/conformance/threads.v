module main;
  integer lower = 0, upper = 0, m, n;
  initial begin
    fork
      for (m = 1; m <= 50; m = m + 1) lower = lower + m;
      for (n = 51; n <= 100; n = n + 1) upper = upper + n;
    join
    $display("%0d", lower + upper);
    $finish(0);
  end
endmodule
