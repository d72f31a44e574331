process.stdout.write('a\ud800b\udfffc \ufeff \u2028 \u0085 \uffff\n')
