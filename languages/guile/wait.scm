; guile -l wait.scm -s FILE: started ahead of its job, it waits in opening FILE, where a FIFO is until the job is there.
(close-fdes (open-fdes "main.scm" O_RDONLY))
