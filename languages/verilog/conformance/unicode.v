module main;
  initial begin
    $display("Äpfel, 日本 🚀");
    $finish(0);
  end
endmodule
