global _start
_start:
    nosuch eax
