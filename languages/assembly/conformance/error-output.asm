global _start

section .data
out: db "out", 10
err: db "err", 10

section .text
_start:
    mov eax, 1
    mov edi, 1
    mov rsi, out
    mov edx, 4
    syscall
    mov eax, 1
    mov edi, 2
    mov rsi, err
    mov edx, 4
    syscall
    mov eax, 60
    xor edi, edi
    syscall
