global _start

section .data
text: db "Äpfel, 日本 🚀", 10
length: equ $ - text

section .bss
buffer: resb 100

section .text
_start:
    xor eax, eax
    xor edi, edi
    mov rsi, buffer
    mov edx, 100
    syscall
    mov rdx, rax
    mov eax, 1
    mov edi, 1
    mov rsi, buffer
    syscall
    mov eax, 1
    mov edi, 1
    mov rsi, text
    mov edx, length
    syscall
    mov eax, 60
    xor edi, edi
    syscall
