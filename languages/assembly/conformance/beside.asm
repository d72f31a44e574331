global _start

section .data
path: db "beside.txt", 0

section .bss
buffer: resb 4096

section .text
_start:
    mov eax, 2
    mov rdi, path
    xor esi, esi
    syscall
    mov edi, eax
    xor eax, eax
    mov rsi, buffer
    mov edx, 4096
    syscall
    mov rdx, rax
    mov eax, 1
    mov edi, 1
    mov rsi, buffer
    syscall
    mov eax, 60
    xor edi, edi
    syscall
