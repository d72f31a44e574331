# IRkernel for sessions: Rscript kernel.R CONNECTION_FILE.
local({
  connection_file <- commandArgs(TRUE)[[1]]
  connection <- jsonlite::fromJSON(connection_file)
  kernel <- IRkernel:::Kernel$new(connection_file = connection_file)

  # It names sockets that are files "IP:PORT"; others look for "IP-PORT", as jupyter_client does.
  for (name in c("shell", "iopub", "stdin", "control", "hb")) {
    port <- connection[[paste0(name, "_port")]]
    file.symlink(paste0(connection$ip, ":", port), paste0(connection$ip, "-", port))
  }

  # R without a terminal ends at an interrupt that nobody handles. So one is let through only while code runs; one that came after the code before,
  # or came too late for it, is dropped when the next begins: IRkernel evaluates this text before each.
  imported <- parent.env(asNamespace("IRkernel"))
  unlockBinding("evaluate", imported)
  imported$evaluate <- function(input, ...) {
    if (!identical(input, "stop()")) return(allowInterrupts(evaluate::evaluate(input, ...)))
    tryCatch(allowInterrupts(Sys.sleep(0)), interrupt = function(condition) NULL)
    evaluate::evaluate(input, ...)
  }
  lockBinding("evaluate", imported)

  suspendInterrupts(kernel$run())
})
