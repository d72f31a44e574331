(include "beside-file.smt2")
