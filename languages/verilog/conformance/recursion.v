module main;
  function automatic integer sum(input integer n);
    if (n == 0) sum = 0;
    else sum = n + sum(n - 1);
  endfunction

  initial begin
    $display("%0d", sum(10000));
    $finish(0);
  end
endmodule
