       IDENTIFICATION DIVISION.
       PROGRAM-ID. PROGRAM-1.
      * Fixed format.
       PROCEDURE DIVISION.
           DISPLAY "out".
           DISPLAY "err" UPON SYSERR.
           STOP RUN.
