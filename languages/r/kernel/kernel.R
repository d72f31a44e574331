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

  set <- function(name, value, environment) {
    unlockBinding(name, environment)
    assign(name, value, environment)
    lockBinding(name, environment)
  }

  # R without a terminal ends at an interrupt that nobody handles. So one is let through only while code runs; one that came after the code before,
  # or came too late for it, is dropped when the next begins: IRkernel evaluates this text before each.
  set("evaluate", function(input, ...) {
    if (!identical(input, "stop()")) return(allowInterrupts(evaluate::evaluate(input, ...)))
    tryCatch(allowInterrupts(Sys.sleep(0)), interrupt = function(condition) NULL)
    evaluate::evaluate(input, ...)
  }, parent.env(asNamespace("IRkernel")))

  # Without a terminal R's own answers "" without asking.
  set("readline", function(prompt = "") kernel$executor$readline(prompt), baseenv())

  suspendInterrupts(kernel$run())
})
