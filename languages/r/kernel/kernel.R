# IRkernel for sessions: Rscript kernel.R CONNECTION_FILE. It names sockets of files "IP:PORT"; others look for "IP-PORT", as jupyter_client does.
connection_file <- commandArgs(TRUE)[[1]]
connection <- jsonlite::fromJSON(connection_file)
kernel <- IRkernel:::Kernel$new(connection_file = connection_file)
for (name in c("shell", "iopub", "stdin", "control", "hb")) {
  port <- connection[[paste0(name, "_port")]]
  file.symlink(paste0(connection$ip, ":", port), paste0(connection$ip, "-", port))
}
# What it was started with is no business of the code.
rm(connection_file, connection, name, port)
kernel$run()
